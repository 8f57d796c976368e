"""Lowercase: does the text get stranger when its capitals are gone?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from membership.detector import Detector
from membership.traces.trace import Query, Trace
from watermark.document import Document


@dataclass(frozen=True)
class Lowercase(Detector):
    """Mean loss of the text in small letters over that of the text as it is.

    Source: Carlini et al., "Extracting Training Data from Large Language Models", USENIX Security
    2021, section 5.1; as a ratio of means, as in zjysteven/mink-plus-plus, run_lower.py. Others
    take the ratio of the logarithms of perplexities, which is the same.
    """

    name: ClassVar[str] = "lowercase"
    needs: ClassVar[frozenset[str]] = frozenset({"logprobs"})

    def queries(self, document: Document) -> tuple[Query, ...]:
        """Ask for the document, and for it in small letters."""
        return (Query(document.text), Query(document.text.lower()))

    def score(self, document: Document, traces: Sequence[Trace]) -> float:
        """Return the ratio; 1 when small letters are as likely."""
        own, lower = (np.mean(trace.logprob, dtype=np.float64) for trace in traces)
        return float(lower / own) if own else np.inf
