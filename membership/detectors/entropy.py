"""Entropy: how certain the model is of the next token, whatever that token is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from membership.detector import Detector
from membership.traces.trace import Trace
from watermark.document import Document


@dataclass(frozen=True)
class Entropy(Detector):
    """Minus the mean entropy of the next-token distribution.

    A model is more certain of the continuation of a text that it has seen before.

    Source: a baseline of Gehrmann et al., "GLTR", ACL 2019, and of ryuryukke/mint,
    baselines.py. Ours does not differ.
    """

    name: ClassVar[str] = "entropy"
    needs: ClassVar[frozenset[str]] = frozenset({"logprobs", "moments"})

    def score(self, document: Document, traces: Sequence[Trace]) -> float:
        """Return minus the mean in nats, at most 0."""
        return float(np.mean(traces[0].mean, dtype=np.float64))
