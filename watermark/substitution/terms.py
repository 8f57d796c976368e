"""Words that are terms of a text's subject: "integral" in mathematics, "benign" in medicine.

WordNet names the subjects of few terms, so these are lists of our own, in `lists/terms.txt`.
"""

import re
from functools import cache, lru_cache

from watermark.substitution.word_lists import read_list

LEAST_SIGNS = 2
"""A text is on a subject if so many different signs of it stand in the text."""
_WORD = re.compile(r"[a-z]+")


def term_exclusion(text: str, lemma: str) -> str:
    """Return of which subject of the text a lemma is a term; empty if of none."""
    subjects = _subjects()
    found = next((name for name in _subjects_of(text) if lemma in subjects[name][1]), "")
    return f"may be a term of {found}" if found else ""


@lru_cache(maxsize=64)
def _subjects_of(text: str) -> tuple[str, ...]:
    words = set(_WORD.findall(text.lower()))
    words |= {word.removesuffix("s") for word in words}
    return tuple(n for n, (signs, _) in _subjects().items() if len(signs & words) >= LEAST_SIGNS)


@cache
def _subjects() -> dict[str, tuple[frozenset[str], frozenset[str]]]:
    """Return the signs and the terms of each subject."""
    found = {}
    for line in read_list("terms.txt"):
        name, _, words = line.partition(":")
        signs, _, terms = words.partition("|")
        found[name] = frozenset(signs.split()), frozenset(terms.split())
    return found
