"""Loss: how probable the text is to the model."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from membership.trace import Query, Trace
from watermark.document import Document


@dataclass(frozen=True)
class Loss:
    """Mean log-probability of the tokens, the training loss with its sign turned.

    Source: Yeom et al., "Privacy Risk in Machine Learning", CSF 2018.
    """

    name: ClassVar[str] = "loss"
    needs: ClassVar[frozenset[str]] = frozenset({"logprobs"})

    def queries(self, document: Document) -> tuple[Query, ...]:
        """Ask for the document itself."""
        return (Query(document.text),)

    def score(self, document: Document, traces: Sequence[Trace]) -> float:
        """Return the mean in nats a token, at most 0."""
        return float(np.mean(traces[0].logprob, dtype=np.float64))
