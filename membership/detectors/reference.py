"""Any detector, minus its score under a reference model that has not seen the text."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from membership.detector import Detector, Unit, UnscoredError
from membership.traces.trace import FLOATS, Query, Trace, scored_text
from watermark.document import Document


@dataclass(frozen=True)
class MinusReference(Detector):
    """The score under the suspect minus the score under a reference.

    This removes what makes a text easy for any model. The best reference is the model that the
    suspect was fine-tuned from.

    Source: Carlini et al., "Extracting Training Data from Large Language Models", USENIX Security
    2021, section 5.1, as a difference of means: zjysteven/mink-plus-plus run_ref.py. Others take
    the ratio.
    """

    detector: Detector
    unit: Unit = "token"
    """What a log-probability is a mean over: `token` when both models cut text alike, else
    `byte`. A reference with larger tokens would look worse for it, a token being less likely the
    longer it is. One unit serves all documents; see `membership.scoring.choose_unit`."""

    @property
    def name(self) -> str:
        """The detector's name and a suffix."""
        per_byte = "" if self.unit == "token" else "_per_byte"
        return f"{self.detector.name}_minus_reference{per_byte}"

    @property
    def needs(self) -> frozenset[str]:
        """What the detector needs, and a reference."""
        return self.detector.needs | {"reference"}

    def queries(self, document: Document) -> tuple[Query, ...]:
        """Ask for the detector's queries, first from the suspect, then from the reference."""
        own = self.detector.queries(document)
        return (*own, *(replace(query, role="reference") for query in own))

    def in_unit(self, unit: Unit) -> "MinusReference":
        """Return the comparison per token or per byte."""
        return replace(self, unit=unit)

    def score(self, document: Document, traces: Sequence[Trace]) -> float:
        """Return the difference, in the detector's unit (per byte if the unit is `byte`).

        Raises:
            UnscoredError: The unit is `token` and the models tokenize the text differently, or the
                detector cannot score one of them.
        """
        half = len(traces) // 2
        ours, theirs = traces[:half], traces[half:]
        if self.unit == "byte":
            queries = self.detector.queries(document)
            ours = [_per_byte(q.text, trace) for q, trace in zip(queries, ours, strict=True)]
            theirs = [_per_byte(q.text, trace) for q, trace in zip(queries, theirs, strict=True)]
        elif not all(map(same_tokens, ours, theirs)):
            raise UnscoredError("the reference cuts the text into other tokens; compare per byte")
        return self.detector.score(document, ours) - self.detector.score(document, theirs)


def same_tokens(one: Trace, other: Trace) -> bool:
    """Tell whether two models tokenize a text in the same way."""
    return np.array_equal(one.token_ids, other.token_ids) and np.array_equal(one.spans, other.spans)


def _per_byte(text: str, trace: Trace) -> Trace:
    """Rescale all log-probabilities so that their mean is the sum divided by the bytes.

    z-scores have no unit and do not change.
    """
    n_bytes = len(scored_text(text, trace).encode(errors="replace"))
    factor = len(trace.logprob) / n_bytes
    return replace(trace, **{n: getattr(trace, n).astype(np.float64) * factor for n in FLOATS})
