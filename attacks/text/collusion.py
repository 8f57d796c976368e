"""Several licensees compare their editions of a document and vote."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import ClassVar

import numpy as np

from attacks.attack import TextAttack
from watermark.document import Document

_WORD = re.compile(r"\S+")


@dataclass(frozen=True)
class Collusion(TextAttack):
    """Writes at each place the word that most editions have; ties are broken at random.

    Source: the majority attack of the fingerprinting literature (Boneh and Shaw, CRYPTO 1995). With
    one other edition, places where the two differ are settled by a coin. Editions are aligned word
    by word, and the white space stays that of the document; an edition that lacks the document has
    no vote.
    """

    name: ClassVar[str] = "collusion"
    editions: Sequence[Mapping[str, str]] = field(repr=False)
    """The other editions: text by document id."""

    def __post_init__(self) -> None:
        """Reject an empty list."""
        if not self.editions:
            raise ValueError("editions: wanted at least one, got none")

    def apply(self, document: Document, rng: np.random.Generator) -> Document:
        """Return the document that the vote makes."""
        own, gaps = _WORD.findall(document.text), _WORD.split(document.text)
        votes = [Counter([word]) for word in own]
        for edition in self.editions:
            if document.id in edition:
                for place, word in _aligned(own, _WORD.findall(edition[document.id])):
                    votes[place][word] += 1
        words = [*(_winner(vote, rng) for vote in votes), ""]  # the last gap has no word after it
        return Document(document.id, "".join(map("".join, zip(gaps, words, strict=True))))


def _aligned(own: list[str], other: list[str]) -> list[tuple[int, str]]:
    """Pair the places of one edition with the words of another, where blocks match in length."""
    # Matches begin at rare words, the default: from all words, 4,000 words take minutes.
    matcher = SequenceMatcher(None, own, other)
    return [
        (first + offset, other[there + offset])
        for _, first, last, there, end in matcher.get_opcodes()
        if last - first == end - there
        for offset in range(last - first)
    ]


def _winner(vote: Counter[str], rng: np.random.Generator) -> str:
    most = max(vote.values())
    best = sorted(word for word, n in vote.items() if n == most)
    return best[int(rng.integers(len(best)))] if len(best) > 1 else best[0]
