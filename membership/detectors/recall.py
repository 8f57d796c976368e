"""ReCaLL: how much the loss rises after a prefix of texts the model has not seen."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from membership.detector import Detector, UnscoredError
from membership.traces.trace import Query, Trace
from watermark.document import Document

BETWEEN = "\n\n"


@dataclass(frozen=True)
class Recall(Detector):
    """Mean loss of the text after a prefix of nonmembers over its mean loss alone.

    A prefix of unseen texts raises the loss of a member more than that of a nonmember. The prefix
    should fit into half a context window; of a longer one, the text sees only the end.

    Source: Xie et al., "ReCaLL: Membership Inference via Relative Conditional Log-Likelihoods",
    EMNLP 2024; official code ruoyuxie/recall. Ours differs in three ways: prefix and text are
    tokenized together, so there is no second start token between them; empty lines separate the
    texts; and a document of the prefix is never scored. Elsewhere the prefix is drawn from the
    labelled test set and left in it.
    """

    nonmembers: tuple[str, ...] = field(repr=False)
    """Texts known not to be trained on; none of them may be scored."""

    name: ClassVar[str] = "recall"
    needs: ClassVar[frozenset[str]] = frozenset({"logprobs"})

    def __post_init__(self) -> None:
        if not self.nonmembers:
            raise ValueError("a prefix needs at least one text")

    def queries(self, document: Document) -> tuple[Query, ...]:
        """Ask for the document alone, and for the document after the prefix."""
        return (Query(document.text), Query(prefix_of(self.nonmembers) + document.text))

    def score(self, document: Document, traces: Sequence[Trace]) -> float:
        """Return the ratio; 1 if the prefix makes no difference.

        Raises:
            UnscoredError: The document is in the prefix.
        """
        refuse_known(document, self.nonmembers)
        own = float(np.mean(traces[0].logprob, dtype=np.float64))
        return behind(self.nonmembers, traces[0], traces[1]) / own if own else np.inf


def prefix_of(texts: Sequence[str]) -> str:
    """Join texts into a prefix for another text."""
    return "".join(text + BETWEEN for text in texts)


def behind(texts: Sequence[str], alone: Trace, conditional: Trace) -> float:
    """Return the mean log-probability after a prefix, over the tokens that are scored alone too."""
    start = len(prefix_of(texts)) + alone.spans[0, 0]
    own = conditional.spans[:, 0] >= start
    if not own.any():
        raise UnscoredError("no token was scored after the prefix")
    return float(np.mean(conditional.logprob[own], dtype=np.float64))


def refuse_known(document: Document, texts: Sequence[str]) -> None:
    """Refuse a document that is part of the prefix.

    Raises:
        UnscoredError: The document is one of the texts.
    """
    if document.text in texts:
        raise UnscoredError("it is in the prefix")
