"""CAMIA: how the loss changes from token to token, rather than its average."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from membership.detector import Detector, UnscoredError
from membership.traces.trace import Trace
from watermark.document import Document

Signal = Literal[
    "cut_off", "diversity", "slope", "below_prior", "lempel_ziv", "approximate_entropy"
]

_BINS = 3
_RUN, _NEARNESS = 8, 0.8


@dataclass(frozen=True)
class Camia(Detector):
    """One signal of the sequence of losses, over the first tokens of the document.

    `cut_off`              mean log-probability
    `diversity`            the same over the share of distinct tokens: repetition is easy for all
    `slope`                how fast the loss falls, in nats per token
    `below_prior`          share of the tokens with less loss than the mean of all before them
    `lempel_ziv`           minus the Lempel-Ziv complexity of the losses in three bins
    `approximate_entropy`  minus the approximate entropy of the losses (m = 8, r = 0.8 deviations)

    Source: Chang et al., "Context-Aware Membership Inference Attacks against Pre-trained Large
    Language Models", EMNLP 2025, section 4; official code changhongyan123/context_aware_mia,
    util_features.py. Ours differs in three ways. The direction of each signal is fixed by the
    paper's argument (on a text it has seen, a model's loss falls faster and is more regular);
    there, it is chosen to fit the labels of the test set. Signals are not combined here: that needs
    documents known not to be members, and `membership.evidence` has tests over several
    detectors. Repeating the text, which needs another pass, is left out.
    """

    signal: Signal
    cut_off: int = 200
    """Number of tokens used, from the start of the document."""

    needs: ClassVar[frozenset[str]] = frozenset({"logprobs"})

    def __post_init__(self) -> None:
        if self.signal not in _SIGNALS:
            raise ValueError(f"signal {self.signal!r} is not one of {', '.join(_SIGNALS)}")
        if self.cut_off < 2:
            raise ValueError(f"a sequence has at least 2 tokens, got a cut-off of {self.cut_off}")

    @property
    def name(self) -> str:
        """`camia_` and the signal, with the cut-off if it is not the default."""
        return f"camia_{self.signal}" + ("" if self.cut_off == 200 else f"_{self.cut_off}")

    def score(self, document: Document, traces: Sequence[Trace]) -> float:
        """Return the signal; its unit and range are its own.

        Raises:
            UnscoredError: The document is too short for it.
        """
        trace = traces[0]
        logprob = trace.logprob[: self.cut_off].astype(np.float64)
        return _SIGNALS[self.signal](logprob, trace.token_ids[: self.cut_off])


Floats = NDArray[np.float64]
Ids = NDArray[np.int32]


def _cut_off(logprob: Floats, ids: Ids) -> float:
    return float(logprob.mean())


def _diversity(logprob: Floats, ids: Ids) -> float:
    return float(logprob.mean() * len(ids) / len(np.unique(ids)))


def _slope(logprob: Floats, ids: Ids) -> float:
    _at_least(2, logprob)
    position = np.arange(len(logprob)) - (len(logprob) - 1) / 2
    return float(position @ logprob / (position @ position))


def _below_prior(logprob: Floats, ids: Ids) -> float:
    _at_least(2, logprob)
    prior = np.cumsum(logprob)[:-1] / np.arange(1, len(logprob))
    return float(np.mean(logprob[1:] > prior))


def _lempel_ziv(logprob: Floats, ids: Ids) -> float:
    """Count the phrases of the binned sequence, each the shortest that has not occurred before."""
    scale = min(float(logprob.min()), -np.finfo(np.float64).tiny)
    bins = np.minimum((logprob / scale * _BINS).astype(int), _BINS - 1)
    phrases: set[bytes] = set()
    sequence, start = bins.astype(np.uint8).tobytes(), 0
    for end in range(1, len(sequence) + 1):
        if sequence[start:end] not in phrases:
            phrases.add(sequence[start:end])
            start = end
    return -len(phrases) / len(sequence)


def _approximate_entropy(logprob: Floats, ids: Ids) -> float:
    _at_least(_RUN + 2, logprob)
    near = _NEARNESS * logprob.std()
    return -abs(_regularity(logprob, _RUN, near) - _regularity(logprob, _RUN + 1, near))


def _regularity(values: Floats, run: int, near: float) -> float:
    """Return the mean log of the share of runs that stay near each run."""
    runs = np.lib.stride_tricks.sliding_window_view(values, run)
    apart = np.abs(runs[:, None] - runs[None]).max(2)
    return float(np.log((apart <= near).mean(1)).mean())


def _at_least(n: int, logprob: Floats) -> None:
    if len(logprob) < n:
        raise UnscoredError(f"fewer than {n} tokens were scored")


_SIGNALS: Mapping[str, Callable[[Floats, Ids], float]] = {
    "cut_off": _cut_off,
    "diversity": _diversity,
    "slope": _slope,
    "below_prior": _below_prior,
    "lempel_ziv": _lempel_ziv,
    "approximate_entropy": _approximate_entropy,
}
