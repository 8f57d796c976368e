"""Which words may stand in a place: form, rarity, register, grammar, fixed phrases.

Whether a word that may stand there also means the same is for a source to judge
(`watermark/substitution/sources/`). Nothing here sees a key or a suspect.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from watermark.substitution.objections import place_objection, word_objection
from watermark.substitution.target import Target
from watermark.substitution.wordnet import WordNet
from watermark.text.inflection import inflect_lemma, match_case, same_family
from watermark.text.language import check_language
from watermark.text.rarity import rarity_bits
from watermark.text.sentences import Sentence, Word

MIN_LISTED_FIT = 0.3
"""Minimum probability of listed words. Of 106 of them that annotators judged or could have written,
7 of the 10 below it were accepted or written, and 94 of the 96 above it."""
OWNERS_LIST = "thesaurus"
"""The source whose words the owner of the texts has chosen."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A word that might stand in a place."""

    lemma: str
    surface: str
    """The lemma in the form and case of the word it would replace."""
    source: str
    """Who proposed it."""
    rarity_bits: float
    score: float
    """How well it fits by its source, in [0, 1]; for WordNet the chance that a reader accepts it.
    Zero for what was rejected before it was judged."""
    rejected: str = ""
    """Why it may not stand there; empty if it may."""


@dataclass(frozen=True)
class CandidateSettings:
    """What a candidate must satisfy."""

    min_fit: float = MIN_LISTED_FIT
    """Minimum probability that a reader accepts a word, in [0, 1): higher gives better but fewer
    marks. WordNet's words need more than listed ones, whose pairs have been read; sources
    other than these two have thresholds of their own."""
    min_rarer_bits: float = 0.5
    """By how much a candidate must be rarer than the original, in bits. The list of exchangeable
    words has commoner ones as well."""
    max_rarity_bits: float = 22.0
    """Rarer words are obscure: 22 bits is one word in four million."""
    min_letters: int = 3
    """Shorter candidates are abbreviations more often than words."""
    language: str = "en"
    """Language of the texts, as wordfreq and spaCy name it."""

    def __post_init__(self) -> None:
        """Refuse values that would silently leave every word as it was."""
        if not 0 <= self.min_fit < 1:
            raise ValueError(f"min_fit must lie in [0, 1), got {self.min_fit}")
        if self.max_rarity_bits <= 0 or self.min_rarer_bits < 0:
            raise ValueError("rarity limits must not be negative")
        check_language(self.language)


class Source(Protocol):
    """Proposes words and judges them. Knows the text and public data, never a key or a suspect."""

    @property
    def name(self) -> str:
        """What the option `--source` calls it."""

    def candidates(
        self, targets: Sequence[Target], settings: CandidateSettings
    ) -> list[list[Candidate]]:
        """Return the candidates of each target, the rejected ones with their reason."""


def find_candidates(
    wordnet: WordNet,
    sources: Sequence[Source],
    targets: Sequence[Target],
    settings: CandidateSettings,
) -> list[list[Candidate]]:
    """Return the candidates of each target, best first, the rejected ones last.

    The words of the first source go before those of the second; a word that several propose
    counts where it is admissible first.
    """
    found: list[dict[str, tuple[bool, int, float, Candidate]]] = [{} for _ in targets]
    for place, source in enumerate(sources):
        offers = source.candidates(targets, settings)
        for target, ranked, some in zip(targets, found, offers, strict=True):
            for offer in checked(wordnet, target, some, settings):
                rank = (bool(offer.rejected), place, -offer.score, offer)
                if offer.lemma not in ranked or rank[:3] < ranked[offer.lemma][:3]:
                    ranked[offer.lemma] = rank
    return [
        [rank[3] for rank in sorted(ranked.values(), key=lambda r: (*r[:3], r[3].lemma))]
        for ranked in found
    ]


def checked(
    wordnet: WordNet, target: Target, offers: Sequence[Candidate], settings: CandidateSettings
) -> list[Candidate]:
    """Return the offers of a place, rejected if English has an objection to them.

    What a word means is for the owner to answer for if it comes from the owner's own list.
    """
    if settings.language != "en":
        return list(offers)
    word = target.word
    found: list[Candidate] = []
    for offer in offers:
        reason = offer.rejected or place_objection(target, offer.lemma, offer.surface)
        if not reason and offer.source != OWNERS_LIST:
            form = offer.surface.lower()
            reason = word_objection(wordnet, word.lemma, word.pos, offer.lemma, form)
        found.append(offer if reason == offer.rejected else replace(offer, rejected=reason))
    return found


def inflect_candidate(
    lemma: str, source: str, target: Target, settings: CandidateSettings, *, rarer: bool = True
) -> Candidate:
    """Put a lemma into the form that a place asks for; rejected if it has no such form.

    Args:
        lemma: What may stand there.
        source: Who proposes it.
        target: The place.
        settings: What a candidate must satisfy.
        rarer: Whether it must be rarer than the original.
    """
    word = target.word
    form = inflect_lemma(lemma, word.tag)
    surface = match_case(form, word.text) if form else None
    if surface is None:
        bits = rarity_bits(lemma, settings.language)
        return Candidate(lemma, lemma, source, bits, 0.0, f"has no form for {word.tag}")
    bits = rarity_bits(surface, settings.language)
    reason = _objection(word, lemma, surface, settings)
    if not reason and rarer:
        least = rarity_bits(word.text, settings.language) + settings.min_rarer_bits
        reason = "not rarer than the original" if bits < least else ""
    return Candidate(lemma, surface, source, bits, 0.0, reason)


def _objection(word: Word, lemma: str, surface: str, settings: CandidateSettings) -> str:
    if surface.lower() == word.text.lower() or lemma == word.lemma:
        return "the same word"
    if not surface.isalpha() or not (surface.isascii() or settings.language != "en"):
        return "not a plain word"
    if len(lemma) < settings.min_letters:
        return f"shorter than {settings.min_letters} letters"
    if rarity_bits(surface, settings.language) > settings.max_rarity_bits:
        return "too rare"
    if same_family(lemma, word.lemma):
        return "another form or spelling of the word"
    return ""


def apply_threshold(
    offers: Iterable[Candidate], scores: Iterable[float], least: float
) -> list[Candidate]:
    """Return the offers with their scores, rejected if a score is below the least wanted."""
    reason = f"fit below {least:g}"
    return [
        Candidate(o.lemma, o.surface, o.source, o.rarity_bits, s, reason if s < least else "")
        for o, s in zip(offers, scores, strict=True)
    ]


def phrase_exclusion(wordnet: WordNet, sentence: Sentence, index: int) -> str:
    """Return why the word at an index is part of a fixed phrase; empty if it is not."""
    for size in (2, 3):
        for first in range(max(0, index - size + 1), min(index, len(sentence) - size) + 1):
            run = sentence[first : first + size]
            for words in ([w.text.lower() for w in run], [w.lemma for w in run]):
                if wordnet.is_phrase(" ".join(words)):
                    return "part of a fixed phrase"
    return ""
