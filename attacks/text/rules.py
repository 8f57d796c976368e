"""Rewrite sentences by rules of English grammar, without a model."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from attacks.attack import TextAttack, check_fraction
from attacks.text.thesaurus import Edit, apply_edits
from watermark.document import Document
from watermark.text.protected_spans import Span, protected_spans
from watermark.text.sentences import Sentence, read_sentences

if TYPE_CHECKING:
    from spacy.language import Language

CONTRACTIONS = {
    "do not": "don't",
    "does not": "doesn't",
    "did not": "didn't",
    "is not": "isn't",
    "are not": "aren't",
    "was not": "wasn't",
    "were not": "weren't",
    "has not": "hasn't",
    "have not": "haven't",
    "had not": "hadn't",
    "could not": "couldn't",
    "would not": "wouldn't",
    "should not": "shouldn't",
    "cannot": "can't",
    "will not": "won't",
}
EXPANSIONS = {short: long for long, short in CONTRACTIONS.items()}
_CONTRACTION = re.compile(r"\b(" + "|".join(map(re.escape, [*CONTRACTIONS, *EXPANSIONS])) + r")\b")
_SPLIT = re.compile(r", (?:and|but) (?=(?:he|she|it|they|we|there|this|that)\b)")
MOST_JOINED_WORDS = 14
"""Only sentences of at most this many words are joined to the next."""
COORDINATED = frozenset({"NN", "NNS", "JJ"})
"""Tags of the words that change places around "and" or "or"."""
KEPT_ADVERBS = frozenset({"only", "early", "daily", "likely", "nearly", "hardly", "barely"})
"""Adverbs in -ly that a sentence can hardly lose."""


@dataclass(frozen=True)
class _Piece:
    """A sentence of the text, or what became of it."""

    text: str
    gap: str
    """What stands between it and the next sentence."""
    chosen: bool
    first_tag: str
    n_words: int


@dataclass(frozen=True)
class Rules(TextAttack):
    """Rewrites a share of the sentences and leaves content words alone, adverbs in -ly excepted.

    In a chosen sentence words coordinated by "and" or "or" change places, contractions are made and
    expanded, adverbs in -ly are dropped, and a clause after ", and" or ", but" becomes a sentence.
    Two chosen neighbours in one paragraph are joined by "and" if the first is short, else swapped.

    Source: ours; a stand-in for a paraphraser where no model can run. It does not replace words, so
    it is weaker than a chat model's paraphrase.
    """

    name: ClassVar[str] = "rules"
    nlp: "Language" = field(repr=False)
    share: float = 1.0
    """Share of the sentences that are rewritten, in [0, 1]."""

    def __post_init__(self) -> None:
        """Reject an invalid share."""
        check_fraction("share", self.share)

    def apply(self, document: Document, rng: np.random.Generator) -> Document:
        """Return the document with some sentences rewritten."""
        text = document.text
        sentences = next(read_sentences(self.nlp, [text]), [])
        if not sentences:
            return document
        spans = protected_spans(text)
        ends = [*(sentence[0].start for sentence in sentences[1:]), len(text)]
        pieces = []
        for sentence, following in zip(sentences, ends, strict=True):
            chosen = bool(rng.random() < self.share)
            written = text[sentence[0].start : sentence[-1].end]
            if chosen:
                written = _rewritten(text, sentence, spans)
            gap = text[sentence[-1].end : following]
            pieces.append(_Piece(written, gap, chosen, sentence[0].tag, len(sentence)))
        body = "".join(piece.text + piece.gap for piece in _rearranged(pieces))
        return Document(document.id, text[: sentences[0][0].start] + body)


def _rewritten(text: str, sentence: Sentence, spans: Sequence[Span]) -> str:
    first, last = sentence[0].start, sentence[-1].end
    edits = [*_swapped_coordinated_words(text, sentence), *_dropped_adverbs(text, sentence)]
    edits += [
        (first + match.start(), first + match.end(), _other_form(match.group()))
        for match in _CONTRACTION.finditer(text[first:last])
    ]
    edits += [
        (first + match.start(), first + match.end() + 1, ". " + text[first + match.end()].upper())
        for match in _SPLIT.finditer(text[first:last])
    ]
    free = [e for e in edits if not any(start < e[1] and e[0] < end for start, end in spans)]
    moved = [(start - first, end - first, written) for start, end, written in sorted(free)]
    return apply_edits(text[first:last], moved)


def _other_form(written: str) -> str:
    return CONTRACTIONS.get(written) or EXPANSIONS[written]


def _swapped_coordinated_words(text: str, sentence: Sentence) -> list[Edit]:
    edits: list[Edit] = []
    for one, word, other in zip(sentence, sentence[1:], sentence[2:], strict=False):
        alike = one.tag == other.tag and one.tag in COORDINATED
        if word.text in {"and", "or"} and alike and one.text.islower() and other.text.islower():
            edits.append((one.start, other.end, f"{other.text} {word.text} {one.text}"))
    return edits


def _dropped_adverbs(text: str, sentence: Sentence) -> list[Edit]:
    return [
        (word.start, following.start, "")
        for word, following in pairwise(sentence)
        if word.tag == "RB"
        and word.text.islower()
        and word.text.endswith("ly")
        and word.text not in KEPT_ADVERBS
        and following.text[:1].isalpha()
        and text[word.end : following.start] == " "
    ]


def _rearranged(pieces: Sequence[_Piece]) -> list[_Piece]:
    """Join or swap chosen neighbours, each sentence at most once."""
    done: list[_Piece] = []
    index = 0
    while index < len(pieces):
        one = pieces[index]
        other = pieces[index + 1] if index + 1 < len(pieces) else None
        if other is None or not (one.chosen and other.chosen) or "\n" in one.gap:
            done.append(one)
            index += 1
            continue
        joined = _joined(one, other)
        done += [joined] if joined else [_with_gap(other, one.gap), _with_gap(one, other.gap)]
        index += 2
    return done


def _with_gap(piece: _Piece, gap: str) -> _Piece:
    return _Piece(piece.text, gap, piece.chosen, piece.first_tag, piece.n_words)


def _joined(one: _Piece, other: _Piece) -> _Piece | None:
    """Return two sentences as one; None if the first is long or the second begins with a name."""
    fits = one.n_words <= MOST_JOINED_WORDS and one.text.endswith(".") and other.text[:1].isupper()
    if not fits or other.first_tag.startswith("NNP") or other.text.startswith(("I ", "I'")):
        return None
    text = f"{one.text[:-1]}, and {other.text[0].lower()}{other.text[1:]}"
    return _Piece(text, other.gap, True, one.first_tag, one.n_words + other.n_words)
