"""Lowercase: how much less likely the text becomes in lower case."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from membership.detector import Detector
from membership.traces.trace import Query, Trace
from watermark.document import Document


@dataclass(frozen=True)
class Lowercase(Detector):
    """Mean loss of the text in lower case over that of the original text.

    Source: Carlini et al., "Extracting Training Data from Large Language Models", USENIX Security
    2021, section 5.1; as a ratio of means, as in zjysteven/mink-plus-plus, run_lower.py. Others
    take the ratio of the logarithms of perplexities, which is the same.
    """

    name: ClassVar[str] = "lowercase"
    needs: ClassVar[frozenset[str]] = frozenset({"logprobs"})

    def queries(self, document: Document) -> tuple[Query, ...]:
        """Ask for the document, and for its lower-case version."""
        return (Query(document.text), Query(document.text.lower()))

    def score(self, document: Document, traces: Sequence[Trace]) -> float:
        """Return the ratio; 1 if lower case is equally likely."""
        own, lower = (np.mean(trace.logprob, dtype=np.float64) for trace in traces)
        return float(lower / own) if own else np.inf
