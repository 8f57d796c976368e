"""What one forward pass yields for a text. Everything the detectors need, 32 bytes a token."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Slot:
    """A place in a text where candidates are to be read: the word there and its rivals."""

    start: int
    """Offset of the word in the text, in code points."""
    original: str
    """The word that stands there."""
    candidates: tuple[str, ...]
    """The words to compare, two or more; the original may be one of them."""


@dataclass(frozen=True)
class Query:
    """One text to run through a model."""

    text: str
    slots: tuple[Slot, ...] = ()
    """Where candidates are to be read, in the order of the text."""
    role: Literal["suspect", "reference"] = "suspect"
    """Which of the two models reads it; a model itself does not look at this."""


@dataclass(frozen=True)
class CandidateLogprobs:
    """What a model thinks of the candidates at one place, given the text to the left of it.

    Only the first token at which all candidates differ is compared: what comes before is common
    to all of them, and what comes after needs a pass of its own.
    """

    logprob: NDArray[np.float64]
    """Natural log-probability of each candidate, shape (n_candidates,); NaN when unusable."""
    reason: str = ""
    """Why the place is unusable; empty when it is usable."""


FLOATS = ("logprob", "mean", "std", "top1")
"""The columns of a trace that are in nats."""
COLUMNS = (*FLOATS, "rank")
"""The columns that a pass over the text fills."""


@dataclass(frozen=True)
class Trace:
    """Per-token statistics of the tokens that were scored, special tokens never among them.

    All arrays have one row a scored token, in the order of the text.
    """

    token_ids: NDArray[np.int32]
    spans: NDArray[np.int32]
    """Shape (n, 2): first and one-past-last code point of each token in the text."""
    logprob: NDArray[np.float32]
    """Natural log p(token | left context), at most 0."""
    mean: NDArray[np.float32]
    """Mean of log p under p over the vocabulary; minus the entropy, in nats."""
    std: NDArray[np.float32]
    """Standard deviation of log p under p."""
    top1: NDArray[np.float32]
    """Log-probability of the most likely token."""
    rank: NDArray[np.int32]
    """How many tokens of the vocabulary are more likely: 0 for the most likely one."""
    candidate_logprobs: tuple[CandidateLogprobs, ...] = ()
    """One for each place of the query."""
    unscored_start: tuple[int, ...] = ()
    """Ids of the text's tokens before the first scored one; without a start token, its first."""


def scored_text(text: str, trace: Trace) -> str:
    """Return the part of the text that was scored; empty when nothing was."""
    if not len(trace.spans):
        return ""
    return text[trace.spans[:, 0].min() : trace.spans[:, 1].max()]
