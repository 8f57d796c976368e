"""Why a word must not be put into a place, whoever proposes it and however well it fits."""

from functools import lru_cache

from watermark.substitution.countability import number_objection
from watermark.substitution.spelling import spelling_objection
from watermark.substitution.target import Target
from watermark.substitution.word_lists import listed_reason
from watermark.substitution.wordnet import WordNet
from watermark.text.sentences import Sentence

OFFENSIVE_REGISTERS = frozenset({"disparagement", "ethnic_slur", "obscenity"})
"""Registers that bar a word whatever sense is meant."""
MOST_OFFENSIVE = 0.5
"""Share of a word's use in those registers above which it is barred."""
MOST_USE = 0.3
"""Share of a noun's use above which it is a name for people, or for no kind of thing at all."""


def place_objection(target: Target, lemma: str, surface: str) -> str:
    """Say why this text or this sentence does not take a word, or nothing.

    Args:
        target: The place.
        lemma: The word, lower case.
        surface: The word in the form that the place asks for.
    """
    return spelling_objection(target.text, surface) or number_objection(
        target.sentence, target.index, lemma
    )


@lru_cache(maxsize=200_000)
def word_objection(wordnet: WordNet, original: str, pos: str, lemma: str, surface: str) -> str:
    """Say why a word must not stand for another in any sentence, or nothing."""
    if listed := listed_reason(lemma, surface):
        return listed
    if label := offensive_label(wordnet, lemma):
        return f"register: {label}"
    if pos == "n" and use_share(wordnet, lemma, "noun.person") > MOST_USE:
        return "names people"
    if pos == "n" and use_share(wordnet, lemma, "noun.Tops") > MOST_USE:
        return "says next to nothing"
    if wordnet.opposed(original, lemma, pos):
        return "an antonym"
    return ""


def offensive_label(wordnet: WordNet, lemma: str) -> str:
    """Return in what register a word offends, if much of its use does, or nothing."""
    shares: dict[str, float] = {}
    for pos in "nvar":
        for sense in wordnet.senses(lemma, pos):
            if sense.register in OFFENSIVE_REGISTERS:
                use = sense.share * wordnet.pos_share(lemma, pos)
                shares[sense.register] = shares.get(sense.register, 0.0) + use
    return (
        max(shares, key=lambda name: shares[name]) if sum(shares.values()) > MOST_OFFENSIVE else ""
    )


def use_share(wordnet: WordNet, lemma: str, kind: str) -> float:
    """Return how much of a noun's use is for a kind of thing, in [0, 1].

    Args:
        wordnet: WordNet.
        lemma: The noun.
        kind: The name of a lexicographers' file; `noun.Tops` has "thing", "person", "object".
    """
    senses = wordnet.senses(lemma, "n")
    return sum(sense.share for sense in senses if sense.kind == kind)


def place_exclusion(wordnet: WordNet, sentence: Sentence, index: int) -> str:
    """Say why an English word must stay whatever might stand for it, or nothing."""
    word = sentence[index]
    if listed := listed_reason(word.lemma, word.text.lower()):
        return f"stays as the writer chose it ({listed.partition(': ')[2]})"
    domains = wordnet.domains(word.lemma, word.pos)
    around = (w for w in sentence if domains and w.pos and w.lemma != word.lemma)
    shared = [d for w in around for d in sorted(domains & wordnet.domains(w.lemma, w.pos))]
    return f"may be a term of {shared[0].partition('.')[0]}" if shared else ""
