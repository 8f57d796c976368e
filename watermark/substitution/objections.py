"""Why a word must not be put into a place, whoever proposes it and however well it fits."""

from functools import cache, lru_cache

from watermark.substitution.collocations import collocation_exclusion
from watermark.substitution.countability import number_objection
from watermark.substitution.government import government_objection
from watermark.substitution.kinds import kind_objection
from watermark.substitution.spelling import spelling_objection
from watermark.substitution.target import Target
from watermark.substitution.word_lists import listed_reason, read_list
from watermark.substitution.wordnet import WordNet
from watermark.text.sentences import Sentence

OFFENSIVE_REGISTERS = frozenset({"disparagement", "ethnic_slur", "obscenity"})
"""Registers that bar a word whatever sense is meant."""
DROPPED_G = 4
"""A longer word that ends with in' is spelled as it is spoken ("nothin'")."""
MOST_OFFENSIVE = 0.5
"""Share of a word's use in those registers above which it is barred."""


def place_objection(target: Target, lemma: str, surface: str) -> str:
    """Return why this text or sentence does not admit a word; empty if it does.

    Args:
        target: The place.
        lemma: The word, lower case.
        surface: The word in the form that the place asks for.
    """
    return (
        spelling_objection(target.text, surface)
        or number_objection(target.sentence, target.index, lemma)
        or government_objection(target.word, lemma)
    )


@lru_cache(maxsize=200_000)
def word_objection(wordnet: WordNet, original: str, pos: str, lemma: str, surface: str) -> str:
    """Return why a word must not stand for another in any sentence; empty if it may."""
    if listed := listed_reason(lemma, surface):
        return listed
    if label := offensive_label(wordnet, lemma):
        return f"register: {label}"
    if wordnet.opposed(original, lemma, pos):
        return "an antonym"
    return kind_objection(wordnet, original, pos, lemma)


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


def place_exclusion(wordnet: WordNet, sentence: Sentence, index: int) -> str:
    """Return why an English word must stay whatever might replace it; empty if it need not."""
    if sign := colloquial_sign(sentence):
        return f"dialect or slang in the sentence ({sign})"
    word = sentence[index]
    if listed := listed_reason(word.lemma, word.text.lower()):
        return f"stays as the writer chose it ({listed.partition(': ')[2]})"
    domains = wordnet.domains(word.lemma, word.pos)
    around = (w for w in sentence if domains and w.pos and w.lemma != word.lemma)
    shared = [d for w in around for d in sorted(domains & wordnet.domains(w.lemma, w.pos))]
    if shared:
        return f"may be a term of {shared[0].partition('.')[0]}"
    return collocation_exclusion(wordnet, sentence, index)


def colloquial_sign(sentence: Sentence) -> str:
    """Return the first word that shows that a sentence is dialect or slang, or nothing."""
    signs = _colloquial()
    for word in sentence:
        text = word.text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
        if text in signs or (len(text) > DROPPED_G and text.endswith("in'")):
            return word.text
    return ""


@cache
def _colloquial() -> frozenset[str]:
    return frozenset(read_list("colloquial.txt"))
