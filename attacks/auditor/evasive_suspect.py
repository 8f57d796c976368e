"""A suspect that treats every question about candidates as an audit and falsifies the answer.

Whoever serves a model can keep the original texts of a known publisher and treat every request
that holds one of them differently. It sees neither key nor outcomes: what it can do to an answer
is the same whatever the key decided, so it can hide evidence and not create it.
"""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np

from membership.traces.suspect_protocol import Suspect
from membership.traces.trace import CandidateLogprobs, Query, Trace

Evasion = Literal["uniform", "noise", "refuse", "swap"]
"""`uniform`: every candidate is as likely as the others. `noise`: each log-probability is off by a
random amount. `refuse`: none is given. `swap`: candidates exchange their log-probabilities."""


@dataclass(frozen=True)
class EvasiveSuspect:
    """A model behind a filter that spoils all answers about candidates; see `Suspect` for methods.

    Source: ours.
    """

    model: Suspect
    evasion: Evasion
    noise: float = 3.0
    """Standard deviation of the noise, in nats."""
    seed: int = 0

    def __post_init__(self) -> None:
        """Reject an unknown evasion.

        Raises:
            ValueError: The message names those that there are.
        """
        if self.evasion not in get_args(Evasion):
            raise ValueError(f"wanted {', '.join(get_args(Evasion))}, got {self.evasion!r}")

    @property
    def name(self) -> str:
        """The model's name."""
        return self.model.name

    @property
    def fingerprint(self) -> str:
        """The model's fingerprint: the filter does not show."""
        return self.model.fingerprint

    @property
    def settings(self) -> str:
        """The model's settings."""
        return self.model.settings

    @property
    def abilities(self) -> frozenset[str]:
        """What the model can return."""
        return self.model.abilities

    def trace(
        self, queries: Sequence[Query], known: Container[int] = ()
    ) -> Iterator[tuple[int, Trace]]:
        """Yield traces; those of queries about words in place are not what the model said."""
        for index, trace in self.model.trace(queries, known):
            rng = np.random.default_rng([self.seed, index])
            said = tuple(self._evaded(each, rng) for each in trace.candidate_logprobs)
            yield index, replace(trace, candidate_logprobs=said)

    def _evaded(self, reading: CandidateLogprobs, rng: np.random.Generator) -> CandidateLogprobs:
        values = reading.logprob
        if self.evasion == "refuse":
            return CandidateLogprobs(np.full(values.size, np.nan), "the model gave no answer")
        if self.evasion == "uniform":
            return CandidateLogprobs(np.full(values.size, values.mean()), reading.reason)
        if self.evasion == "swap":
            return CandidateLogprobs(values[::-1].copy(), reading.reason)
        return CandidateLogprobs(
            values + rng.normal(scale=self.noise, size=values.size), reading.reason
        )
