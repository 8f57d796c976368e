"""The result of one forward pass over a text: all that detectors need, 32 bytes per token."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Slot:
    """A position in a text at which candidates are compared: the word and its alternatives."""

    start: int
    """Offset of the word in the text, in code points."""
    original: str
    """The word at that offset."""
    candidates: tuple[str, ...]
    """The words to compare, two or more; the original may be one of them."""


@dataclass(frozen=True)
class Query:
    """One text to run through a model."""

    text: str
    slots: tuple[Slot, ...] = ()
    """Positions at which candidates are compared, in the order of the text."""
    role: Literal["suspect", "reference"] = "suspect"
    """Which of the two models runs it; the models themselves ignore this."""


@dataclass(frozen=True)
class CandidateLogprobs:
    """Log-probabilities of the candidates at one slot, given the text to the left.

    Only the first token at which all candidates differ is compared: the tokens before it are
    common to all of them, and the tokens after it would need another pass.
    """

    logprob: NDArray[np.float64]
    """Natural log-probability of each candidate, shape (n_candidates,); NaN if unusable."""
    reason: str = ""
    """Why the slot is unusable; empty if it is usable."""


FLOATS = ("logprob", "mean", "std", "top1")
"""The columns of a trace that are in nats."""
COLUMNS = (*FLOATS, "rank")
"""The columns that a pass over the text fills."""


@dataclass(frozen=True)
class Trace:
    """Per-token statistics of the tokens that were scored, special tokens never among them.

    All arrays have one row per scored token, in the order of the text.
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
    """Number of vocabulary tokens that are more likely; 0 for the most likely one."""
    candidate_logprobs: tuple[CandidateLogprobs, ...] = ()
    """One for each slot of the query."""
    unscored_start: tuple[int, ...] = ()
    """Ids of the text's tokens before the first scored one; without a start token, its first."""


def scored_text(text: str, trace: Trace) -> str:
    """Return the part of the text that was scored; empty if nothing was."""
    if not len(trace.spans):
        return ""
    return text[trace.spans[:, 0].min() : trace.spans[:, 1].max()]
