"""SURP: tokens that are unlikely although the model was confident of another one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from membership.detector import Detector, UnscoredError
from membership.detectors.min_k import check_share
from membership.traces.trace import Trace
from watermark.document import Document


@dataclass(frozen=True)
class Surp(Detector):
    """Mean log-probability of the least likely tokens where the entropy is low.

    Where a model that has seen the text is confident, it is seldom wrong.

    Source: Zhang & Wu, "Adaptive Pre-training Data Detection for Large Language Models via
    Surprising Tokens", arXiv 2407.21248; computationalprivacy/mia_llms_benchmark, attacks/surp.py.
    Ours differs in two ways: at least one token is among the least likely, and a document without
    a token of both kinds has no score. There, it has -100.
    """

    k: float = 0.4
    """Share of the tokens that count as unlikely, above 0 and at most 1."""
    max_entropy: float = 2.0
    """Entropy in nats below which the model counts as confident."""

    needs: ClassVar[frozenset[str]] = frozenset({"logprobs", "moments"})

    def __post_init__(self) -> None:
        check_share(self.k)

    @property
    def name(self) -> str:
        """`surp`, with the settings if they are not the defaults."""
        usual = self.k == 0.4 and self.max_entropy == 2.0
        return "surp" if usual else f"surp_{self.k:g}_{self.max_entropy:g}"

    def score(self, document: Document, traces: Sequence[Trace]) -> float:
        """Return the mean in nats per token, at most 0.

        Raises:
            UnscoredError: No token is both unlikely and at a position of low entropy.
        """
        trace = traces[0]
        kept = max(1, int(self.k * len(trace.logprob)))
        unlikely = np.argsort(trace.logprob, kind="stable")[:kept]
        surprising = unlikely[-trace.mean[unlikely] < self.max_entropy]
        if not len(surprising):
            raise UnscoredError("no token is unlikely where the model was sure")
        return float(np.mean(trace.logprob[surprising], dtype=np.float64))
