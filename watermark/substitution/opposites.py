"""Which words of WordNet are opposed, also where it does not say so directly."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nltk.corpus.reader.wordnet import Lemma, Synset

NEGATIONS = ("un", "in", "im", "il", "ir", "dis", "non", "mis", "anti", "counter", "under", "over")


def are_opposed(own: Iterable["Synset"], others: Iterable["Synset"]) -> bool:
    """Tell whether a sense of one word is opposed to a sense of the other.

    Opposed are antonyms; their synonyms; adjectives that come near one of two antonyms each
    ("speedy", "leisurely"); adverbs of opposed adjectives; nouns of opposed broader words; and a
    word whose antonym defines the other ("daytime", and "evening: the early part of night").
    """
    mine, theirs = list(own), list(others)
    opposite = {name for synset in mine for name in _opposite_senses(synset)}
    reached = {near for synset in theirs for near in _reached(synset)}
    if opposite & reached:
        return True
    if {s.name() for s in mine} & {s.name() for s in theirs}:
        return False  # they share a sense, and so a definition
    return _defined_by_opposite(mine, theirs) or _defined_by_opposite(theirs, mine)


def negates(one: str, other: str) -> bool:
    """Tell whether one lemma is the other with a prefix or an ending that negates it."""
    short, long = sorted((one, other), key=len)
    if any(long == prefix + short for prefix in NEGATIONS):
        return True
    stem = short.removesuffix("ful")
    return {one, other} == {stem + "ful", stem + "less"}


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
    yield synset.name()
    yield from (near.name() for near in synset.similar_tos())
    yield from (above.name() for above in synset.hypernyms())
    for lemma in synset.lemmas():
        yield from (adjective.synset().name() for adjective in lemma.pertainyms())


def _defined_by_opposite(defined: Iterable["Synset"], opposed: Iterable["Synset"]) -> bool:
    names = {antonym.name().lower() for synset in opposed for antonym in _antonyms(synset)}
    if not names:
        return False
    words = {word.strip("();,.:'\"`") for synset in defined for word in synset.definition().split()}
    return bool(names & words)
