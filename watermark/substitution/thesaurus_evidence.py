"""What a second thesaurus says of a pair of words: Moby's, by Grady Ward, in the public domain.

`lists/moby.tsv.gz` has the pairs that WordNet links and Moby names; it is written by
`pipelines/experiments/standalone/thesaurus_pairs.py`.
"""

import gzip
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).parent / "lists" / "moby.tsv.gz"


@dataclass(frozen=True, slots=True)
class Evidence:
    """How Moby's entries connect a word with one that might stand for it."""

    listed: bool
    """The other word is listed under the word."""
    lists: bool
    """The word is listed under the other word."""
    alike: float
    """The cosine of the entries that name the two, in [0, 1]."""


NONE = Evidence(False, False, 0.0)


def thesaurus_evidence(lemma: str, other: str) -> Evidence:
    """Return what Moby says of another word for a lemma; `NONE` if it connects them nowhere."""
    ordered = lemma <= other
    found = _pairs().get((lemma, other) if ordered else (other, lemma))
    if found is None:
        return NONE
    code, hundredths = found
    first, second = bool(code & 1), bool(code & 2)
    listed, lists = (first, second) if ordered else (second, first)
    return Evidence(listed, lists, hundredths / 100)


@cache
def _pairs() -> dict[tuple[str, str], tuple[int, int]]:
    with gzip.open(FILE, "rt", encoding="ascii") as lines:
        rows = (line.rstrip("\n").split("\t") for line in lines)
        return {(one, other): (int(code), int(alike)) for one, other, code, alike in rows}
