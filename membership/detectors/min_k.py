"""Min-K%: how probable the least probable tokens are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from membership.detector import Detector
from membership.traces.trace import Trace
from watermark.document import Document


@dataclass(frozen=True)
class MinK(Detector):
    """Mean log-probability of the least likely tokens.

    Text that was trained on has few tokens that surprise the model.

    Source: Shi et al., "Detecting Pretraining Data from Large Language Models", ICLR 2024;
    official code swj0419/detect-pretrain-code, src/run.py. Ours differs in one way: at least one
    token is always kept. There, int(0.2 * 4) keeps none of four tokens.
    """

    k: float = 0.2
    """Share of the tokens kept, above 0 and at most 1; rounded down to whole tokens."""

    needs: ClassVar[frozenset[str]] = frozenset({"logprobs"})

    def __post_init__(self) -> None:
        check_share(self.k)

    @property
    def name(self) -> str:
        """`min_k`, with the share if it is not the default."""
        return "min_k" if self.k == 0.2 else f"min_k_{self.k:g}"

    def score(self, document: Document, traces: Sequence[Trace]) -> float:
        """Return the mean in nats per token, at most 0."""
        return mean_of_lowest(traces[0].logprob, self.k)


def mean_of_lowest(values: NDArray[np.floating], k: float) -> float:
    """Average the lowest share k of the values, at least one of them."""
    kept = max(1, int(k * len(values)))
    return float(np.mean(np.partition(values, kept - 1)[:kept], dtype=np.float64))


def check_share(k: float) -> None:
    """Check that k is a share.

    Raises:
        ValueError: k is not above 0 and at most 1.
    """
    if not 0 < k <= 1:
        raise ValueError(f"k is a share of the tokens, above 0 and at most 1; got {k}")
