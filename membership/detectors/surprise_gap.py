"""Surprise gap: by how much the loss of the text exceeds the model's own entropy."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from membership.detector import Detector
from membership.traces.trace import Trace
from watermark.document import Document


@dataclass(frozen=True)
class SurpriseGap(Detector):
    """Mean log-probability of the tokens plus the mean entropy of the model there.

    Near 0 for text that the model itself would generate, and negative for text that surprises it.
    It is Min-K%++ over all tokens without the division by the standard deviation.

    Source: log-perplexity minus entropy, arXiv 2501.02406, with the sign reversed. Ours does
    not differ otherwise.
    """

    name: ClassVar[str] = "surprise_gap"
    needs: ClassVar[frozenset[str]] = frozenset({"logprobs", "moments"})

    def score(self, document: Document, traces: Sequence[Trace]) -> float:
        """Return the mean in nats per token; above 0 where the text is likelier than expected."""
        trace = traces[0]
        return float(np.mean(trace.logprob.astype(np.float64) - trace.mean))
