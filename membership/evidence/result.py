"""What a test of evidence returns."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Grade = Literal["A", "B", "C"]
"""A: exact, by the owner's own randomisation. B: under an assumption. C: descriptive, no p."""


@dataclass(frozen=True)
class TestResult:
    """A p-value with everything needed to judge and repeat it.

    Tests are one-sided: small p-values speak for training on the corpus.
    """

    test: str
    statistic: float
    pvalue: float
    """Add-one Monte Carlo p-value, at least 1 / (n_resamples + 1)."""
    n_resamples: int
    null: NDArray[np.float64]
    """The statistic under each resample, shape (n_resamples,)."""
    seed: int
    effect: float
    """Estimated effect, in the unit that `effect_unit` names; 0 where there is none."""
    detectable_effect: float
    """Smallest true effect that would have been seen with a chance of 80 %."""
    effect_unit: str
    assumption: str
    """What must hold for the p-value to be valid, in words."""
    grade: Grade
    bound: float | None = None
    """Chernoff bound on the exact p-value, where the law of the statistic is known."""
    details: dict[str, Any] | None = None
    """Numbers of units, what was unusable and why."""

    @property
    def zscore(self) -> float:
        """Standard deviations of the statistic above its null mean; an effect size, not a test.

        0 where the statistic is the same whatever is drawn.
        """
        spread = self.null.std()
        return float((self.statistic - self.null.mean()) / spread) if spread else 0.0


def monte_carlo_pvalue(statistic: float, null: NDArray[np.float64]) -> float:
    """Return (1 + #{null >= statistic}) / (n + 1).

    Differences below rounding error count as equal, which can only make p larger.

    Source: B. Phipson and G. Smyth, "Permutation p-values should never be zero", SAGMB 2010.
    """
    slack = 1e-9 * max(1.0, abs(statistic))
    return float((1 + np.count_nonzero(null >= statistic - slack)) / (null.size + 1))
