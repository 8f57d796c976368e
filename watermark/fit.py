"""Which words may stand in a place, and how well they fit: part of speech, form, sense.

Nothing here sees a key or a suspect.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp

from watermark.inflection import article, inflect_lemma, match_case
from watermark.rarity import rarity_bits
from watermark.synonyms import Sense, WordNet, stems
from watermark.words import Sentence, Word

LESK_WEIGHT = 0.15
"""How much a bit of overlap between sentence and gloss weighs against the share of a sense."""

MIN_POS_SHARE = 0.2
"""A candidate that is used as this part of speech more rarely does not fit."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A word that might stand in a place."""

    lemma: str
    surface: str
    """The lemma in the form and case of the word it would replace."""
    rarity_bits: float
    fit: float
    """How likely it means the same here, in [0, 1]."""
    rejected: str = ""
    """Why it may not stand there; empty if it may."""


@dataclass(frozen=True)
class FitSettings:
    """What a candidate must satisfy."""

    min_fit: float = 0.3
    """Smallest `Candidate.fit`, in [0, 1]."""
    min_rarer_bits: float = 0.5
    """By how much a candidate must be rarer than the original, in bits."""
    max_rarity_bits: float = 22.0
    """Rarer words are obscure: 22 bits is one word in four million."""

    def __post_init__(self) -> None:
        """Refuse values that would silently leave every word as it was."""
        if not 0 <= self.min_fit < 1:
            raise ValueError(f"min_fit must lie in [0, 1), got {self.min_fit}")
        if self.max_rarity_bits <= 0 or self.min_rarer_bits < 0:
            raise ValueError("rarity limits must not be negative")


def sense_shares(
    wordnet: WordNet, word: Word, context: frozenset[str]
) -> list[tuple[Sense, float]]:
    """Return the senses of a word with their shares in this context, adding up to 1.

    The prior share of a sense, times an exponential of the rarity of the words that the sentence
    and the gloss have in common.

    Source: M. Lesk, "Automatic sense disambiguation using machine readable dictionaries", SIGDOC
    1986, in the form with a frequency prior.
    """
    senses = wordnet.senses(word.lemma, word.pos)
    weights = [
        sense.share * exp(LESK_WEIGHT * sum(map(_information, sense.gloss & context)))
        for sense in senses
    ]
    total = sum(weights)
    return [(sense, weight / total) for sense, weight in zip(senses, weights, strict=True)]


def _information(stem: str) -> float:
    """Bits that a shared word is worth: none for the commonest words."""
    return max(0.0, min(rarity_bits(stem), 20.0) - 9.0)


def context_of(word: Word, sentence: Sentence) -> frozenset[str]:
    """Return the content words around a word, as glosses are compared with them."""
    around = {other.lemma for other in sentence if other.pos and other.start != word.start}
    return stems(around)


def candidates(
    wordnet: WordNet, word: Word, sentence: Sentence, settings: FitSettings
) -> list[Candidate]:
    """Return the candidates for a word, the best first, the rejected ones with their reason.

    The fit of a candidate is the chance that the word has a sense here which the candidate also
    has, times the share of that sense in the candidate's own use: "depository" fits "bank" where
    money is meant, and "cant" never does, because it hardly ever means a slope.
    """
    fits: dict[str, float] = {}
    for sense, share in sense_shares(wordnet, word, context_of(word, sentence)):
        for lemma in sense.synonyms:
            own = {s.name: s.share for s in wordnet.senses(lemma, word.pos)}
            known = wordnet.pos_share(lemma, word.pos) >= MIN_POS_SHARE
            fits[lemma] = fits.get(lemma, 0.0) + known * share * own.get(sense.name, 0.0) ** 0.5
    found = [_candidate(word, lemma, min(fit, 1.0), settings) for lemma, fit in fits.items()]
    return sorted(found, key=lambda c: (bool(c.rejected), -c.fit, c.lemma))


def _candidate(word: Word, lemma: str, fit: float, settings: FitSettings) -> Candidate:
    form = inflect_lemma(lemma, word.tag)
    surface = match_case(form, word.text) if form else None
    if surface is None:
        return Candidate(lemma, lemma, rarity_bits(lemma), fit, f"has no form for {word.tag}")
    bits = rarity_bits(surface)
    return Candidate(lemma, surface, bits, fit, _reason(word, surface, bits, fit, settings))


def _reason(word: Word, surface: str, bits: float, fit: float, settings: FitSettings) -> str:
    if surface.lower() == word.text.lower():
        return "the same word"
    if not surface.isascii() or not surface.isalpha():
        return "not a plain word"
    if bits < rarity_bits(word.text) + settings.min_rarer_bits:
        return "not rarer than the original"
    if bits > settings.max_rarity_bits:
        return "too rare"
    if fit < settings.min_fit:
        return "does not fit the sense"
    return ""


def phrase_barrier(wordnet: WordNet, sentence: Sentence, index: int) -> str:
    """Say whether the word at an index belongs to a fixed phrase, or nothing."""
    for size in (2, 3):
        for first in range(max(0, index - size + 1), min(index, len(sentence) - size) + 1):
            run = sentence[first : first + size]
            for words in ([w.text.lower() for w in run], [w.lemma for w in run]):
                if wordnet.is_phrase(" ".join(words)):
                    return "part of a fixed phrase"
    return ""


def needs_article(sentence: Sequence[Word], index: int, surface: str) -> bool:
    """Tell whether "a" or "an" stands before the word and the candidate wants the other."""
    if not index or sentence[index - 1].text.lower() not in {"a", "an"}:
        return False
    return article(surface) != article(sentence[index].text)
