"""Loss and perplexity: how probable the text is to the model."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from membership.detector import Detector
from membership.traces.trace import Trace
from watermark.document import Document


@dataclass(frozen=True)
class Loss(Detector):
    """Mean log-probability of the tokens, the training loss with the sign reversed.

    Source: Yeom et al., "Privacy Risk in Machine Learning", CSF 2018.
    """

    name: ClassVar[str] = "loss"
    needs: ClassVar[frozenset[str]] = frozenset({"logprobs"})

    def score(self, document: Document, traces: Sequence[Trace]) -> float:
        """Return the mean in nats per token, at most 0."""
        return float(np.mean(traces[0].logprob, dtype=np.float64))


@dataclass(frozen=True)
class Perplexity(Detector):
    """Minus the perplexity: the loss on the scale in which it is usually reported.

    It orders documents as `loss` does, so their AUROCs are equal; means and plots differ.

    Source: Carlini et al., "Extracting Training Data from Large Language Models", USENIX Security
    2021, section 4. Ours differs only in the sign.
    """

    name: ClassVar[str] = "perplexity"
    needs: ClassVar[frozenset[str]] = frozenset({"logprobs"})

    def score(self, document: Document, traces: Sequence[Trace]) -> float:
        """Return minus exp of the mean loss, at most -1."""
        return float(-np.exp(-np.mean(traces[0].logprob, dtype=np.float64)))
