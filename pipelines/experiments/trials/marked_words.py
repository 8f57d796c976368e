"""The marked words alone: how much of a record's signal is theirs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from membership.detector import Detector, UnscoredError
from membership.traces.trace import Trace
from watermark.document import Document
from watermark.text.protected_spans import Span


@dataclass(frozen=True)
class MarkedWords(Detector):
    """Mean log-probability of the tokens of the words at the sites, in nats.

    It knows where the marks are, but not what was drawn: an owner's detector.
    """

    spans: Mapping[str, Sequence[Span]]
    """For each document where its marks stand, in code points."""
    name: ClassVar[str] = "marked_words"
    needs: ClassVar[frozenset[str]] = frozenset({"logprobs"})

    def score(self, document: Document, traces: Sequence[Trace]) -> float:
        """Return the mean, at most 0.

        Raises:
            UnscoredError: The document has no mark that was scored.
        """
        (trace,) = traces
        starts, ends = trace.spans[:, 0], trace.spans[:, 1]
        inside = np.zeros(len(starts), dtype=bool)
        for first, last in self.spans.get(document.id, ()):
            inside |= (starts < last) & (ends > first)
        if not inside.any():
            raise UnscoredError("no marked word was scored")
        return float(trace.logprob[inside].mean(dtype=np.float64))
