"""What an audit concludes, in the only words it may use."""

from dataclasses import dataclass
from typing import Literal

from membership.evidence.result import TestResult

Words = Literal["trained on it", "no evidence"]


@dataclass(frozen=True)
class Verdict:
    """The outcome of the primary test, with the others beside it.

    There is no verdict "not trained on it": what a test did not see may still be there, up to the
    detectable effect.
    """

    primary: TestResult
    alpha: float
    others: tuple[TestResult, ...]
    """Further tests, for information; the verdict never depends on them."""
    departures: tuple[str, ...]
    """In what the audit is not the one that the plan fixed before publication."""
    skipped: dict[str, str]
    """Tests that could not be run, with the reason."""

    @property
    def words(self) -> Words:
        """The verdict: evidence if the primary p-value is at most alpha."""
        return "trained on it" if self.primary.pvalue <= self.alpha else "no evidence"

    @property
    def is_evidence(self) -> bool:
        """Whether the verdict is "trained on it"."""
        return self.words == "trained on it"
