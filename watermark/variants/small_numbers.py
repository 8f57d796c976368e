"""Numbers from ten to twelve, in words or figures."""

import re
from collections.abc import Iterator
from functools import lru_cache

from watermark.text.sentences import Sentence
from watermark.variants.variant import Variant, follows_by_a_space, lower, outside_quotations

WORDS = {"10": "ten", "11": "eleven", "12": "twelve"}
"""Where the manuals of style disagree: some write out up to nine, others up to twelve or more."""
FIGURES = {word: figure for figure, word in WORDS.items()}
_PLACE = re.compile(
    r"(?<![\w.,:$#/\u00a3\u20ac-])(?P<number>10|11|12|ten|eleven|twelve)(?= [a-z]+s\b)"
)
MEASURES = frozenset(
    """
    acre cent degree dollar euro foot gram hour inch kilo kilogram kilometer kilometre liter litre
    meter metre mile minute penny percent point pound ton tonne
    """.split()  # noqa: SIM905
)
"""Nouns before which figures are the rule."""
BESIDE = frozenset({"$", "no", "no.", "chapter", "age", "-", "and", "or"})
"""Words before a number that names or goes with another number."""


def small_numbers(sentence: Sentence, text: str) -> Iterator[Variant]:
    """Yield a number that counts things, in documents that write them alike."""
    if not is_consistent(text):
        return
    for i in range(1, len(sentence) - 1):
        number, noun = sentence[i : i + 2]
        figure = FIGURES.get(number.text, number.text)
        if figure not in WORDS or number.relation != "nummod" or number.head != i + 1:
            continue
        if noun.tag != "NNS" or noun.lemma in MEASURES or not noun.text.isalpha():
            continue
        spaced = follows_by_a_space(sentence[i - 1], number, text)
        if not spaced or not follows_by_a_space(number, noun, text):
            continue
        if lower(sentence, i - 1) not in BESIDE:
            forms = (figure, WORDS[figure])
            written = int(number.text == forms[1])
            yield Variant(number.start, forms, written, f"{forms[0]}|{forms[1]}", "document")


def places(text: str) -> int:
    """Count the places of these numbers before nouns."""
    return sum(1 for _ in _PLACE.finditer(text))


@lru_cache(maxsize=64)
def is_consistent(text: str) -> bool:
    """Tell whether a text writes all of these numbers before nouns alike, outside of quotations."""
    return len({m["number"].isdecimal() for m in outside_quotations(_PLACE, text)}) == 1
