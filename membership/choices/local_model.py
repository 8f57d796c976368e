"""A model with log-probabilities, asked as if it only answered in words.

It serves to measure how much evidence an interface that returns only words loses, compared with one
that returns log-probabilities, and as a reference that is asked the same questions as the suspect.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from membership.choices.answers import Answers
from membership.choices.question import Question
from membership.traces.suspect_protocol import Suspect
from membership.traces.trace import Query, Slot
from watermark.errors import PrerequisiteError

LocalWay = Literal["forced", "free"]
"""`forced`: the answer is one of the options. `free`: the next token, counted if it begins one."""


@dataclass(frozen=True)
class LocalChooser:
    """Draws answers from the probabilities that a model gives to the options; see `Chooser`.

    The options are compared where they first differ, so an option of several tokens counts from
    its first distinguishing token on.
    """

    model: Suspect
    form: LocalWay = "forced"

    def __post_init__(self) -> None:
        """Refuse a model that cannot compare words.

        Raises:
            PrerequisiteError: The model does not return candidates' log-probabilities.
        """
        if "candidates" not in self.model.abilities:
            raise PrerequisiteError(
                f"{self.model.name}: gives no log-probabilities of candidates to draw answers from"
            )

    @property
    def name(self) -> str:
        """The model's name."""
        return self.model.name

    @property
    def fingerprint(self) -> str:
        """The model's fingerprint."""
        return self.model.fingerprint

    @property
    def way(self) -> str:
        """How the answers are drawn."""
        return f"sampled from log-probabilities, {self.form}"

    def logprobs(self, questions: Sequence[Question]) -> list[NDArray[np.float64]]:
        """Return the log-probabilities of each question's options; NaN where they cannot be read.

        Only the text before the blank is read: the model continues it.
        """
        queries = [_query(question) for question in questions]
        found = [np.full(len(q.options), np.nan) for q in questions]
        distinct = list(dict.fromkeys(queries))
        rows = {query: trace for i, trace in self.model.trace(distinct) for query in [distinct[i]]}
        for i, query in enumerate(queries):
            found[i] = rows[query].candidate_logprobs[0].logprob
        return found

    def choose(
        self, questions: Sequence[Question], n: int, seed: int
    ) -> Iterator[tuple[int, Answers]]:
        """Yield answers drawn at temperature 1; an unreadable question is refused n times."""
        for index, logprob in enumerate(self.logprobs(questions)):
            if not np.isfinite(logprob).all():
                yield index, Answers((0,) * len(logprob), refused=n)
                continue
            chances = np.exp(logprob)
            if self.form == "forced":
                chances = chances / chances.sum()
            rest = max(0.0, 1.0 - float(chances.sum()))
            shares = np.append(chances, rest)
            rng = np.random.default_rng([seed, index])
            *counts, other = rng.multinomial(n, shares / shares.sum())
            yield index, Answers(tuple(map(int, counts)), other=int(other))


def _query(question: Question) -> Query:
    first = question.options[0]
    text = question.left + first + question.right
    return Query(text, (Slot(len(question.left), first, question.options),))
