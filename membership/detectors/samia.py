"""SaMIA: how many words of the true continuation the model generates itself."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from membership.detector import UnscoredError
from watermark.document import Document

_WORD = re.compile(r"\S+")


@dataclass(frozen=True)
class Samia:
    """Mean ROUGE-1 recall of the true second half in sampled continuations of the first half.

    For a suspect that returns only text.

    Source: Kaneko et al., "Sampling-based Pseudo-Likelihood for Membership Inference Attacks",
    Findings of ACL 2025, arXiv 2404.11262; official code nlp-titech/samia. Ours does not differ;
    the variant that multiplies by the zlib-compressed size is left out.
    """

    share: float = 0.5
    """Share of the words used as the prompt."""

    name: ClassVar[str] = "samia"
    needs: ClassVar[frozenset[str]] = frozenset({"text"})

    def __post_init__(self) -> None:
        if not 0 < self.share < 1:
            raise ValueError(f"a share is between 0 and 1, got {self.share}")

    def prompt(self, document: Document) -> str:
        """Return the beginning of the document, which the model continues."""
        return split_words(document.text, self.share)[0]

    def score(self, document: Document, continuations: Sequence[str]) -> float:
        """Return the mean recall, from 0 to 1.

        Raises:
            UnscoredError: The true continuation is empty, or the model returned none.
        """
        truth = Counter(split_words(document.text, self.share)[1].split())
        check_continuations(truth, continuations)
        found = [(truth & Counter(text.split())).total() for text in continuations]
        return float(np.mean(found) / truth.total())


def split_words(text: str, share: float) -> tuple[str, str]:
    """Cut a text after a share of its words, rounded down; white space goes to the second part."""
    words = list(_WORD.finditer(text))
    shown = int(share * len(words))
    end = words[shown - 1].end() if shown else 0
    return text[:end], text[end:]


def check_continuations(truth: object, continuations: Sequence[str]) -> None:
    """Check that there is a true continuation and at least one from the model.

    Raises:
        UnscoredError: The true continuation is empty, or the model returned none.
    """
    if not truth:
        raise UnscoredError("too short to be split")
    if not continuations:
        raise UnscoredError("the model returned no continuation")
