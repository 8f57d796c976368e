"""Con-ReCall: the text after a prefix of nonmembers, compared with a prefix of members."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from membership.detector import Detector
from membership.detectors.recall import behind, prefix_of, refuse_known
from membership.traces.trace import Query, Trace
from watermark.document import Document


@dataclass(frozen=True)
class ConRecall(Detector):
    """Mean loss after nonmembers minus gamma times that after members, over the loss alone.

    Source: Wang et al., "Con-ReCall: Detecting Pre-training Data in LLMs via Contrastive
    Decoding", COLING 2025; official code WangCheng0116/CON-RECALL. Ours differs as `Recall` does,
    and gamma is fixed in advance. There, the best of ten on the test set is reported.
    """

    nonmembers: tuple[str, ...] = field(repr=False)
    members: tuple[str, ...] = field(repr=False)
    """Texts known to be trained on; neither these nor the nonmembers are scored."""
    gamma: float = 0.5
    """Weight of the members' prefix, above 0."""

    needs: ClassVar[frozenset[str]] = frozenset({"logprobs"})

    def __post_init__(self) -> None:
        if not self.nonmembers or not self.members:
            raise ValueError("a prefix needs at least one text")
        if not self.gamma > 0:
            raise ValueError(f"gamma is above 0, got {self.gamma}")

    @property
    def name(self) -> str:
        """`con_recall`, with gamma if it is not the default."""
        return "con_recall" if self.gamma == 0.5 else f"con_recall_{self.gamma:g}"

    def queries(self, document: Document) -> tuple[Query, ...]:
        """Ask for the document, and for it after each of the two prefixes."""
        prefixes = ("", prefix_of(self.nonmembers), prefix_of(self.members))
        return tuple(Query(prefix + document.text) for prefix in prefixes)

    def score(self, document: Document, traces: Sequence[Trace]) -> float:
        """Return the ratio; 1 - gamma when neither prefix makes a difference.

        Raises:
            UnscoredError: The document is in a prefix.
        """
        refuse_known(document, (*self.nonmembers, *self.members))
        own = float(np.mean(traces[0].logprob, dtype=np.float64))
        if not own:
            return np.inf
        foreign = behind(self.nonmembers, traces[0], traces[1])
        known = behind(self.members, traces[0], traces[2])
        return (foreign - self.gamma * known) / own
