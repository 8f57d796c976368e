"""The detector protocol, and how a detector is asked.

detector.queries(document)          the texts to run through a model
suspect.trace(...)                  one trace a query
score_document(detector, ...)       a score, or the reason why there is none
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from membership.traces.trace import Query, Trace
from watermark.document import Document
from watermark.errors import PrerequisiteError

Unit = Literal["token", "byte"]
"""What the log-probabilities of two models are compared per."""


class Detector(Protocol):
    """A score of one document, of a model's traces of it. HIGHER = MORE LIKELY TRAINED ON.

    Detectors are frozen dataclasses whose fields are their settings, and subclasses of this one.
    """

    @property
    def name(self) -> str:
        """What the column of its scores is called; settings other than the defaults show."""

    @property
    def needs(self) -> frozenset[str]:
        """Abilities that a model must have (see `Suspect`); `reference` is a second model."""

    def queries(self, document: Document) -> tuple[Query, ...]:
        """List what must be run through a model to score the document: its text, by default."""
        return (Query(document.text),)

    def score(self, document: Document, traces: Sequence[Trace]) -> float:
        """Score the document by its traces, one for each query and in their order.

        Raises:
            UnscoredError: These traces do not let it be scored.
        """

    def in_unit(self, unit: Unit) -> "Detector":
        """Return the detector as it compares two models in this unit, if it compares any."""
        return self


class TextDetector(Protocol):
    """A score of one document, of what a model writes behind its beginning.

    HIGHER = MORE LIKELY TRAINED ON. For suspects that return text and no log-probabilities.
    """

    @property
    def name(self) -> str:
        """What the column of its scores is called; settings other than the defaults show."""

    def prompt(self, document: Document) -> str:
        """Return the text that the model is to go on with."""

    def score(self, document: Document, continuations: Sequence[str]) -> float:
        """Score the document by what the model wrote behind the prompt, a text a sample.

        Raises:
            UnscoredError: These texts do not let it be scored.
        """


class UnscoredError(Exception):
    """Raised by a detector for a document that it cannot score; the message is the reason."""


@dataclass(frozen=True)
class Score:
    """A detector's answer for one document."""

    value: float
    """Higher = more likely trained on; NaN when unscored."""
    reason: str = ""
    """Why it is unscored; empty when it is scored."""


def values_of(scores: Sequence[Score]) -> NDArray[np.float64]:
    """Return the scores of some documents, NaN for those unscored."""
    return np.array([score.value for score in scores])


def score_document(detector: Detector, document: Document, traces: Sequence[Trace]) -> Score:
    """Score a document, or say why it has no score.

    A document without scored tokens, and one for which the model returned something that is not a
    number, have none with any detector: detectors need not look for them.
    """
    if any(not len(trace.logprob) for trace in traces):
        return Score(np.nan, "no token was scored")
    if not all(np.isfinite(trace.logprob).all() for trace in traces):
        return Score(np.nan, "the model returned no number for some tokens")
    try:
        value = float(detector.score(document, traces))
    except UnscoredError as error:
        return Score(np.nan, str(error))
    if not np.isfinite(value):
        return Score(np.nan, f"the score is {value}")
    return Score(value)


def check_abilities(detector: Detector, abilities: frozenset[str], suspect: str) -> None:
    """Make sure that a detector gets what it needs.

    Args:
        detector: Any.
        abilities: Of the suspect, with `reference` among them when there is one.
        suspect: What to call the suspect in the message.

    Raises:
        PrerequisiteError: It does not; says what is missing.
    """
    if missing := sorted(detector.needs - abilities):
        has = ", ".join(sorted(abilities)) or "nothing"
        raise PrerequisiteError(
            f"{detector.name}: needs {', '.join(missing)}, but {suspect} gives {has}; choose "
            "another detector or, if the reference is missing, give one"
        )
