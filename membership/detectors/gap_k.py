"""Gap-K%: how far the tokens fall behind the model's top predictions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from membership.detector import Detector
from membership.detectors.min_k import check_share, mean_of_lowest
from membership.detectors.min_k_plus_plus import in_deviations
from membership.traces.trace import Trace
from watermark.document import Document


@dataclass(frozen=True)
class GapK(Detector):
    """Mean of the widest gaps to the most likely token, in deviations and over a sliding window.

    The gap is the token's log-probability minus that of the most likely token, over the standard
    deviation of log p under p. It is averaged over windows of three tokens, and the lowest share
    of the windows is averaged.

    Source: "Gap-K%: Measuring Top-1 Prediction Gap for Detecting Pretraining Data", arXiv
    2601.19936; official code meaoww/gap-k, wikimia.py. Ours differs in one way: where the model is
    certain (deviation below 1e-6) the gap is 0. There, the variance is clamped at 1e-8 instead.
    """

    k: float = 0.2
    """Share of the windows kept, above 0 and at most 1; rounded down, at least one."""
    window: int = 3
    """Tokens in a window; a shorter document is scored token by token."""

    needs: ClassVar[frozenset[str]] = frozenset({"logprobs", "moments"})

    def __post_init__(self) -> None:
        check_share(self.k)
        if self.window < 1:
            raise ValueError(f"a window has at least 1 token, got {self.window}")

    @property
    def name(self) -> str:
        """`gap_k`, with the settings if they are not the defaults."""
        usual = self.k == 0.2 and self.window == 3
        return "gap_k" if usual else f"gap_k_{self.k:g}_{self.window}"

    def score(self, document: Document, traces: Sequence[Trace]) -> float:
        """Return the mean gap in deviations, at most 0."""
        trace = traces[0]
        gaps = in_deviations(trace.logprob.astype(np.float64) - trace.top1, trace.std)
        if len(gaps) >= self.window:
            gaps = np.convolve(gaps, np.full(self.window, 1 / self.window), mode="valid")
        return mean_of_lowest(gaps, self.k)
