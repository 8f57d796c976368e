"""Log-rank: how many tokens the model considers more likely than the actual one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from membership.detector import Detector
from membership.traces.trace import Trace
from watermark.document import Document


@dataclass(frozen=True)
class LogRank(Detector):
    """Minus the mean logarithm of the tokens' ranks, the most likely token having rank 1.

    Source: a baseline of Mitchell et al., "DetectGPT", ICML 2023, section 5; ryuryukke/mint,
    baselines.py. Ours does not differ.
    """

    name: ClassVar[str] = "log_rank"
    needs: ClassVar[frozenset[str]] = frozenset({"logprobs", "moments"})

    def score(self, document: Document, traces: Sequence[Trace]) -> float:
        """Return minus the mean, at most 0; a trace counts ranks from 0."""
        return float(-np.mean(np.log1p(traces[0].rank, dtype=np.float64)))
