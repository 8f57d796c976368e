"""ReCaLL: how much worse the text becomes behind texts that the model has not seen."""

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
    """Mean loss of the text behind nonmembers over its mean loss alone.

    A prefix of foreign texts disturbs the memory of a member more than it disturbs a nonmember. It
    should fit into half a window of the model; of a longer one the text sees only the end.

    Source: Xie et al., "ReCaLL: Membership Inference via Relative Conditional Log-Likelihoods",
    EMNLP 2024; official code ruoyuxie/recall. Ours differs in three ways: prefix and text are cut
    into tokens together, so no second start token stands between them; empty lines part the texts;
    and a document of the prefix is never scored. Elsewhere the prefix is drawn from the labelled
    test set and left in it.
    """

    nonmembers: tuple[str, ...] = field(repr=False)
    """Texts known not to be trained on, from no document that is scored."""

    name: ClassVar[str] = "recall"
    needs: ClassVar[frozenset[str]] = frozenset({"logprobs"})

    def __post_init__(self) -> None:
        if not self.nonmembers:
            raise ValueError("a prefix needs at least one text")

    def queries(self, document: Document) -> tuple[Query, ...]:
        """Ask for the document, and for it behind the prefix."""
        return (Query(document.text), Query(prefix_of(self.nonmembers) + document.text))

    def score(self, document: Document, traces: Sequence[Trace]) -> float:
        """Return the ratio; 1 when the prefix makes no difference.

        Raises:
            UnscoredError: The document is in the prefix.
        """
        refuse_known(document, self.nonmembers)
        own = float(np.mean(traces[0].logprob, dtype=np.float64))
        return behind(self.nonmembers, traces[0], traces[1]) / own if own else np.inf


def prefix_of(texts: Sequence[str]) -> str:
    """Return texts as they stand before another one."""
    return "".join(text + BETWEEN for text in texts)


def behind(texts: Sequence[str], alone: Trace, conditional: Trace) -> float:
    """Return the mean log-probability behind a prefix of the tokens that are scored alone too."""
    start = len(prefix_of(texts)) + alone.spans[0, 0]
    own = conditional.spans[:, 0] >= start
    if not own.any():
        raise UnscoredError("no token was scored behind the prefix")
    return float(np.mean(conditional.logprob[own], dtype=np.float64))


def refuse_known(document: Document, texts: Sequence[str]) -> None:
    """Refuse a document that is part of what it would be judged by.

    Raises:
        UnscoredError: It is one of the texts.
    """
    if document.text in texts:
        raise UnscoredError("it is in the prefix")
