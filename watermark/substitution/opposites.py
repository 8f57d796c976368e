"""Which words of WordNet are opposed, also where it does not say so directly."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nltk.corpus.reader.wordnet import Lemma, Synset

NEGATIONS = ("un", "in", "im", "il", "ir", "dis", "non", "mis", "anti", "counter", "under", "over")


def are_opposed(
    lemma: str, own: Iterable["Synset"], other: str, others: Iterable["Synset"]
) -> bool:
    """Tell whether a sense of one word is opposed to a sense of the other.

    Opposed are antonyms. Words that neither share a sense nor come near each other are opposed as
    well if they are synonyms of antonyms; adjectives that come near one of two antonyms each
    ("tiny", "huge"); adverbs of opposed adjectives; nouns of opposed broader words; or if the
    antonym of one defines the other ("daytime", and "evening: the early part of night").
    """
    mine, theirs = list(own), list(others)
    if _are_antonyms(lemma, mine, other) or _are_antonyms(other, theirs, lemma):
        return True
    near = {name for synset in mine for name in _near(synset)}
    if near & {synset.name() for synset in theirs}:
        return False
    opposite = {name for synset in mine for name in _opposite_senses(synset)}
    reached = {near for synset in theirs for near in _reached(synset)}
    if opposite & reached:
        return True
    return _defined_by_opposite(mine, theirs) or _defined_by_opposite(theirs, mine)


def negates(one: str, other: str) -> bool:
    """Tell whether one lemma is the other with a prefix or an ending that negates it."""
    short, long = sorted((one, other), key=len)
    if any(long == prefix + short for prefix in NEGATIONS):
        return True
    stem = short.removesuffix("ful")
    return {one, other} == {stem + "ful", stem + "less"}


def _are_antonyms(lemma: str, synsets: Iterable["Synset"], other: str) -> bool:
    own = [found for synset in synsets for found in synset.lemmas() if found.name() == lemma]
    return any(opposite.name() == other for found in own for opposite in found.antonyms())


def _near(synset: "Synset") -> Iterator[str]:
    yield synset.name()
    yield from (near.name() for near in synset.similar_tos())


def _antonyms(synset: "Synset") -> Iterator["Lemma"]:
    for lemma in synset.lemmas():
        yield from lemma.antonyms()
        for adjective in lemma.pertainyms():
            yield from adjective.antonyms()
    for head in synset.similar_tos():
        for lemma in head.lemmas():
            yield from lemma.antonyms()


def _opposite_senses(synset: "Synset") -> Iterator[str]:
    broader = synset.hypernyms() if synset.pos() in "nv" else []
    for one in (synset, *broader):
        for antonym in _antonyms(one):
            yield antonym.synset().name()
            if synset.pos() != "n":  # a near sense of an adjective has the same opposite
                yield from (near.name() for near in antonym.synset().similar_tos())


def _reached(synset: "Synset") -> Iterator[str]:
    yield from _near(synset)
    yield from (above.name() for above in synset.hypernyms())
    for lemma in synset.lemmas():
        yield from (adjective.synset().name() for adjective in lemma.pertainyms())


def _defined_by_opposite(defined: Iterable["Synset"], opposed: Iterable["Synset"]) -> bool:
    names = {antonym.name().lower() for synset in opposed for antonym in _antonyms(synset)}
    if not names:
        return False
    words = {word.strip("();,.:'\"`") for synset in defined for word in synset.definition().split()}
    return bool(names & words)
