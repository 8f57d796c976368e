"""DC-PDD: whether the model gives high probability to tokens that are rare in general text."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from membership.detector import Detector, UnscoredError
from membership.token_frequencies import FrequencyTable
from membership.traces.trace import Trace
from watermark.document import Document


@dataclass(frozen=True)
class DcPdd(Detector):
    """Divergence-calibrated score: token probabilities against token frequencies in general text.

    For the first occurrence of each distinct token, its probability under the model times
    -log of its smoothed frequency in a reference corpus, capped at `cap`; the mean over them.
    With the default cap nearly every token reaches it, so the score is close to `cap` times the
    share of distinct tokens that do not surprise the model, and short easy texts tie at `cap`.

    Source: Zhang et al., "Pretraining Data Detection for Large Language Models: A
    Divergence-based Calibration Method", EMNLP 2024, equations 2 to 6. The released code
    (zhang-wei-chao/DC-PDD) cannot be run; other ports use document counts, unsmoothed counts, or
    the opposite sign. Ours is the paper's formula. A first token that is not scored, because the
    model has no start token, counts as seen: a later repetition is not its first occurrence.
    """

    table: FrequencyTable = field(repr=False)
    tokenizer: str
    """Fingerprint of the suspect's tokenizer; see `membership.scoring.tokenizer_fingerprint`."""
    cap: float | None = 0.01
    """The paper's a; None for no cap. If you tune it, use data that is not scored."""

    needs: ClassVar[frozenset[str]] = frozenset({"logprobs"})

    def __post_init__(self) -> None:
        self.table.check(self.tokenizer)
        if self.cap is not None and not self.cap > 0:
            raise ValueError(f"a cap is above 0, got {self.cap}")

    @property
    def name(self) -> str:
        """`dc_pdd`, with the cap if it is not the default."""
        if self.cap is None:
            return "dc_pdd_uncapped"
        return "dc_pdd" if self.cap == 0.01 else f"dc_pdd_{self.cap:g}"

    def score(self, document: Document, traces: Sequence[Trace]) -> float:
        """Return the mean over distinct tokens, from 0 to `cap`.

        Raises:
            UnscoredError: A token is beyond the vocabulary of the table.
        """
        trace = traces[0]
        first = first_occurrences(trace)
        ids = trace.token_ids[first]
        if ids.max() >= len(self.table.counts):
            raise UnscoredError("it has a token that the table of frequencies does not know")
        probability = np.exp(trace.logprob[first].astype(np.float64))
        divergence = probability * -self.table.log_frequency(ids)
        if self.cap is not None:
            divergence = np.minimum(divergence, self.cap)
        return float(np.mean(divergence))


def first_occurrences(trace: Trace) -> NDArray[np.int64]:
    """Return where each distinct token is first scored, unless it occurred unscored before."""
    ids, first = np.unique(trace.token_ids, return_index=True)
    new = ~np.isin(ids, trace.unscored_start)
    # A text that only repeats its unscored first token has nothing but the repetitions to score.
    return np.sort(first[new]) if new.any() else np.sort(first)
