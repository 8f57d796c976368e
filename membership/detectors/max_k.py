"""Max-K%: how probable the most probable tokens are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from membership.detector import Detector
from membership.detectors.min_k import check_share, mean_of_lowest
from membership.traces.trace import Trace
from watermark.document import Document


@dataclass(frozen=True)
class MaxK(Detector):
    """Mean log-probability of the most likely tokens.

    Source: Maini et al., "LLM Dataset Inference", NeurIPS 2024, where it is one of the features;
    official code pratyushmaini/llm_dataset_inference, metrics.py, in which the names of Min-K and
    Max-K are swapped. Ours differs in this, and in keeping at least one token.
    """

    k: float = 0.2
    """Share of the tokens kept, above 0 and at most 1; rounded down to whole tokens."""

    needs: ClassVar[frozenset[str]] = frozenset({"logprobs"})

    def __post_init__(self) -> None:
        check_share(self.k)

    @property
    def name(self) -> str:
        """`max_k`, with the share if it is not the default."""
        return "max_k" if self.k == 0.2 else f"max_k_{self.k:g}"

    def score(self, document: Document, traces: Sequence[Trace]) -> float:
        """Return the mean in nats per token, at most 0."""
        return -mean_of_lowest(np.negative(traces[0].logprob), self.k)
