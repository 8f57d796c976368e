"""Min-K%++: the least probable tokens, each relative to the model's distribution there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from membership.detector import Detector
from membership.detectors.min_k import check_share, mean_of_lowest
from membership.traces.trace import Trace
from watermark.document import Document

# Below this deviation the model is numerically certain, and the z-score would be 0 / 0.
_CERTAIN = 1e-6


@dataclass(frozen=True)
class MinKPlusPlus(Detector):
    """Mean z-score of the tokens with the lowest z-scores.

    z is a token's log-probability minus the mean of log p under p, over its standard deviation
    under p. Trained-on text tends to lie at a mode of the model's distribution. Where the model
    is certain (deviation below 1e-6), z is 0.

    Source: Zhang et al., "Min-K%++: Improved Baseline for Detecting Pre-Training Data from Large
    Language Models", ICLR 2025, equation 3; official code zjysteven/mink-plus-plus, run.py. Ours
    differs in two ways: at least one token is always kept, and the variance is centred before it
    is squared. There, it is a difference of squares, which is sometimes negative where the
    model is certain.
    """

    k: float = 0.2
    """Share of the tokens kept, above 0 and at most 1; rounded down to whole tokens."""

    needs: ClassVar[frozenset[str]] = frozenset({"logprobs", "moments"})

    def __post_init__(self) -> None:
        check_share(self.k)

    @property
    def name(self) -> str:
        """`min_k_plus_plus`, with the share if it is not the default."""
        return "min_k_plus_plus" if self.k == 0.2 else f"min_k_plus_plus_{self.k:g}"

    def score(self, document: Document, traces: Sequence[Trace]) -> float:
        """Return the mean z-score."""
        trace = traces[0]
        away = trace.logprob.astype(np.float64) - trace.mean
        return mean_of_lowest(in_deviations(away, trace.std), self.k)


def in_deviations(away: NDArray[np.float64], std: NDArray[np.floating]) -> NDArray[np.float64]:
    """Divide distances by the standard deviation, and make them 0 where the model is certain."""
    certain = std < _CERTAIN
    return np.where(certain, 0.0, away / np.where(certain, 1.0, std.astype(np.float64)))
