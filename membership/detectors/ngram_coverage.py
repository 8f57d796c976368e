"""N-gram coverage: how much of the generated text occurs verbatim in the true continuation."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from membership.detectors.samia import check_continuations, split_words
from watermark.document import Document

_TOKEN = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True)
class NgramCoverage:
    """Share of a continuation covered by n-grams of the true one; the best continuation counts.

    For a suspect that returns only text; twenty or more continuations are usual.

    Source: Hallinan et al., "The Surprising Effectiveness of Membership Inference with Simple
    N-Gram Coverage", COLM 2025, arXiv 2508.09603; official code shallinan1/NGramCoverageAttack.
    Ours differs in one way: words and punctuation are found by a simple pattern, and
    letters are not reduced to ASCII.
    """

    least: int = 3
    """Minimum length of a run, in words and punctuation marks."""
    share: float = 0.5
    """Share of the words used as the prompt."""

    needs: ClassVar[frozenset[str]] = frozenset({"text"})

    def __post_init__(self) -> None:
        if self.least < 1 or not 0 < self.share < 1:
            raise ValueError(
                f"needs runs of at least 1 and a share between 0 and 1, got {self.least} and "
                f"{self.share}"
            )

    @property
    def name(self) -> str:
        """`ngram_coverage`, with the settings if they are not the defaults."""
        usual = self.least == 3 and self.share == 0.5
        return "ngram_coverage" if usual else f"ngram_coverage_{self.least}_{self.share:g}"

    def prompt(self, document: Document) -> str:
        """Return the beginning of the document, which the model continues."""
        return split_words(document.text, self.share)[0]

    def score(self, document: Document, continuations: Sequence[str]) -> float:
        """Return the largest coverage over the continuations, from 0 to 1.

        Raises:
            UnscoredError: The true continuation is empty, or the model returned none.
        """
        truth = _TOKEN.findall(split_words(document.text, self.share)[1])
        check_continuations(truth, continuations)
        return max(coverage(_TOKEN.findall(text), truth, self.least) for text in continuations)


def coverage(said: Sequence[str], truth: Sequence[str], least: int) -> float:
    """Return the share of the generated words that lie in a true run of at least `least` words."""
    # A longer common run is covered by the shorter ones in it.
    runs = {tuple(truth[i : i + least]) for i in range(len(truth) - least + 1)}
    covered = np.zeros(len(said), dtype=bool)
    for start in range(len(said) - least + 1):
        if tuple(said[start : start + least]) in runs:
            covered[start : start + least] = True
    return float(covered.mean()) if len(said) else 0.0
