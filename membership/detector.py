"""The detector protocol, and how a detector is asked.

detector.queries(document)          the texts to run through a model
suspect.trace(...)                  one trace per query
score_document(detector, ...)       a score, or the reason why there is no score
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
    """Scores one document from a model's traces of it. HIGHER = MORE LIKELY TRAINED ON.

    Detectors are frozen dataclasses whose fields are their settings, and subclasses of this one.
    """

    @property
    def name(self) -> str:
        """Name of the score column; it shows settings that are not the defaults."""

    @property
    def needs(self) -> frozenset[str]:
        """Abilities the model must have (see `Suspect`); `reference` means a second model."""

    def queries(self, document: Document) -> tuple[Query, ...]:
        """List what must be run through a model to score the document: its text, by default."""
        return (Query(document.text),)

    def score(self, document: Document, traces: Sequence[Trace]) -> float:
        """Score the document from its traces, one per query, in the order of the queries.

        Raises:
            UnscoredError: The document cannot be scored from these traces.
        """

    def in_unit(self, unit: Unit) -> "Detector":
        """Return the detector as it compares two models in this unit, if it compares any."""
        return self


class TextDetector(Protocol):
    """Scores one document from the text that a model generates after its beginning.

    HIGHER = MORE LIKELY TRAINED ON. For suspects that return only text.
    """

    @property
    def name(self) -> str:
        """Name of the score column; it shows settings that are not the defaults."""

    def prompt(self, document: Document) -> str:
        """Return the prompt that the model continues."""

    def score(self, document: Document, continuations: Sequence[str]) -> float:
        """Score the document from continuations of the prompt, one text per sample.

        Raises:
            UnscoredError: The document cannot be scored from these texts.
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
    """Score a document, or give the reason why it has no score.

    A document without scored tokens, or with a log-probability that is not finite, is never
    passed to a detector, so detectors need not check for this.
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
    """Check that the suspect has the abilities a detector needs.

    Args:
        detector: The detector to check.
        abilities: Abilities of the suspect, including `reference` if there is a reference.
        suspect: Name of the suspect in the message.

    Raises:
        PrerequisiteError: An ability is missing; the message names it.
    """
    if missing := sorted(detector.needs - abilities):
        has = ", ".join(sorted(abilities)) or "nothing"
        raise PrerequisiteError(
            f"{detector.name}: needs {', '.join(missing)}, but {suspect} gives {has}; choose "
            "another detector or, if the reference is missing, give one"
        )
