"""The relative pronoun as an object: the book that he bought, the book he bought."""

import re
from collections.abc import Iterator

from watermark.text.sentences import Sentence
from watermark.variants.variant import Variant, children, follows_by_a_space, lower

SUBJECTS = frozenset({"he", "i", "she", "they", "we", "you"})
PERSONS = re.compile(r"\w+(?:er|or|ist|ian|ee|ant|ent|man|men|woman|women|person|people)s?")
"""Nouns that may name persons, of whom "that" is not said."""
OTHERS = frozenset(
    """
    boy child children daughter everyone fact family father friend girl guy husband kid man men
    mother news people person reason son team time thing way wife woman women day year moment place
    """.split()  # noqa: SIM905
)
"""More such nouns, and those before which "that" is another word or is hardly used."""


def relative_that(sentence: Sentence, text: str) -> Iterator[Variant]:
    """Yield the subjects of relative clauses about a thing, with "that" before them or without."""
    for i in range(len(sentence) - 3):
        noun = sentence[i]
        that = int(lower(sentence, i + 1) == "that")
        subject = i + 1 + that
        if noun.tag not in {"NN", "NNS"} or sentence[subject].text not in SUBJECTS:
            continue
        if sentence[subject].relation != "nsubj" or not _is_about(sentence, i, subject, that):
            continue
        name = noun.text.lower()
        if noun.entity or PERSONS.fullmatch(name) or OTHERS & {name, noun.lemma}:
            continue
        said = sentence[subject].text
        forms = (said, f"that {said}")
        start = sentence[i + 1].start
        spaced = follows_by_a_space(noun, sentence[i + 1], text)
        if spaced and text[start : sentence[subject].end] == forms[that]:
            yield Variant(start, forms, that, f"{noun.lemma} (that) {said}")


def _is_about(sentence: Sentence, noun: int, subject: int, that: int) -> bool:
    """Tell whether a clause with this subject says something of the noun, its object."""
    clause = sentence[subject].head
    if sentence[clause].relation != "relcl" or sentence[clause].head != noun or clause < subject:
        return False
    if that and sentence[noun + 1].relation not in {"dobj", "pobj"}:
        return False
    own = children(sentence, clause)
    if any(sentence[c].tag in {"WP", "WDT", "WRB"} for c in own if c != noun + 1):
        return False
    return not any(sentence[c].relation in {"dobj", "ccomp"} for c in own if c != noun + 1)
