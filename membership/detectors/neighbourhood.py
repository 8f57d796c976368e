"""Neighbourhood: whether the text is likelier than near-copies of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from membership.detector import Detector, UnscoredError
from membership.traces.trace import Query, Trace
from watermark.document import Document


@dataclass(frozen=True)
class Neighbourhood(Detector):
    """Mean log-probability of the text minus the mean of its neighbours'.

    A neighbour is the text with one or a few words replaced, in the paper by a masked language
    model. Neighbours must be supplied: MIMIR and WikiMIA-perturbed include them.

    Source: Mattern et al., "Membership Inference Attacks against Language Models via Neighbourhood
    Comparison", Findings of ACL 2023. Ours does not differ; mimir takes the least likely
    neighbour instead of the mean of all.
    """

    neighbours: Mapping[str, tuple[str, ...]] = field(repr=False)
    """Neighbours of each document, by the document's text."""

    name: ClassVar[str] = "neighbourhood"
    needs: ClassVar[frozenset[str]] = frozenset({"logprobs"})

    def queries(self, document: Document) -> tuple[Query, ...]:
        """Ask for the document and its neighbours."""
        return tuple(map(Query, (document.text, *self.neighbours.get(document.text, ()))))

    def score(self, document: Document, traces: Sequence[Trace]) -> float:
        """Return the difference in nats per token.

        Raises:
            UnscoredError: The document has no neighbours.
        """
        if len(traces) < 2:
            raise UnscoredError("it has no neighbours")
        own, *others = (np.mean(trace.logprob, dtype=np.float64) for trace in traces)
        return float(own - np.mean(others))
