"""The verdict of an audit, in a fixed vocabulary."""

from dataclasses import dataclass

from membership.evidence.result import TestResult, Words


@dataclass(frozen=True)
class Verdict:
    """The outcome of the primary test, together with the other tests.

    There is no verdict "not trained on it": an effect below the minimum detectable effect may still
    be present. A test that would have missed even a strong effect gives "cannot tell".
    """

    primary: TestResult
    alpha: float
    others: tuple[TestResult, ...]
    """Further tests, for information; the verdict never depends on them."""
    departures: tuple[str, ...]
    """How the audit differs from the plan that was fixed before publication."""
    skipped: dict[str, str]
    """Tests that could not be run, with the reason."""

    @property
    def words(self) -> Words:
        """The verdict: evidence if the primary p-value is at most alpha."""
        return self.primary.words(self.alpha)

    @property
    def is_evidence(self) -> bool:
        """Whether the verdict is "trained on it"."""
        return self.words == "trained on it"
