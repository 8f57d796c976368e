"""The words of a text that a synonym could replace, as a thief with a dictionary sees them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from watermark.substitution.target import Target
from watermark.substitution.wordnet import WordNet
from watermark.text.inflection import inflect_lemma, match_case
from watermark.text.protected_spans import protected_spans
from watermark.text.rarity import rarity_bits
from watermark.text.sentences import read_sentences

if TYPE_CHECKING:
    from spacy.language import Language

Edit = tuple[int, int, str]
"""Start and end in the text, and what is written instead."""


@dataclass(frozen=True)
class Place:
    """A content word and its synonyms in the same form."""

    target: Target
    synonyms: tuple[str, ...]

    def edit(self, surface: str) -> Edit:
        """Return the edit that writes another word here, with the right article before it."""
        start, written = self.target.replacement(surface)
        return start, self.target.word.end, written


@dataclass(frozen=True)
class Thesaurus:
    """WordNet with its commonest senses taken at face value: nothing judges the context."""

    nlp: "Language" = field(repr=False)
    wordnet: WordNet = field(repr=False)
    senses: int = 2
    """Number of a word's commonest senses whose synonyms are taken."""
    min_rarity_bits: float = 9.0
    """More common words are left alone: 9 bits is one word in five hundred."""

    def places(self, text: str) -> Iterator[Place]:
        """Yield the content words that have a synonym, in the order of the text."""
        spans = protected_spans(text)
        for sentence in next(read_sentences(self.nlp, [text]), []):
            for index, word in enumerate(sentence):
                if not word.pos or word.exclusion:
                    continue
                if any(start < word.end and word.start < end for start, end in spans):
                    continue
                if rarity_bits(word.text) < self.min_rarity_bits:
                    continue
                if synonyms := self._synonyms(word.lemma, word.pos, word.tag, word.text):
                    yield Place(Target(text, sentence, index), synonyms)

    def _synonyms(self, lemma: str, pos: str, tag: str, text: str) -> tuple[str, ...]:
        senses = self.wordnet.senses(lemma, pos)[: self.senses]
        lemmas = dict.fromkeys(word for sense in senses for word in sense.synonyms)
        forms = (inflect_lemma(word, tag) for word in lemmas if len(word) > 2)
        surfaces = (match_case(form, text) for form in forms if form)
        return tuple(dict.fromkeys(s for s in surfaces if s and s.lower() != text.lower()))


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """Return the text after edits, which are in order and do not overlap."""
    pieces: list[str] = []
    taken = 0
    for start, end, written in edits:
        if start < taken:  # the article of this word was rewritten with the word before
            continue
        pieces += [text[taken:start], written]
        taken = end
    return "".join([*pieces, text[taken:]])
