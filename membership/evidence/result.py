"""The result of a test of evidence."""

from dataclasses import dataclass, field
from math import ceil, floor, log10
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from membership.evidence.power import QUANTILE, reachable

BLOCK_CELLS = 4_000_000
"""Random numbers held in memory at a time, by every test that resamples."""

Grade = Literal["A", "B", "C"]
"""A: exact, by the owner's own randomization. B: under an assumption. C: descriptive, no p."""

Words = Literal["trained on it", "no evidence", "cannot tell"]
"""The outcomes of a test of evidence."""


@dataclass(frozen=True)
class Versions:
    """The scores of all versions of one text, as they enter the statistic."""

    document: str
    draw: str
    """What decided which version was published; texts that share it go together."""
    scores: tuple[float, ...]
    """Their sum is 0."""
    published: int
    """Index of the published version."""


@dataclass(frozen=True)
class TestResult:
    """A p-value with everything needed to interpret and reproduce it.

    Tests are one-sided: small p-values are evidence of training on the corpus.
    """

    test: str
    """Which test, as a plan names it."""
    title: str
    """The test in words, such as "re-draw test"."""
    basis: str
    """What the p-value rests on, in a sentence with its numbers."""
    n_units: int
    """How many sites, texts or documents were compared; each test says which in `basis`."""
    statistic: float
    pvalue: float
    """Add-one Monte Carlo p-value, at least 1 / (n_resamples + 1)."""
    n_resamples: int
    null: NDArray[np.float64]
    """The statistic under each resample, shape (n_resamples,); empty where p needs none."""
    seed: int
    effect: float
    """Estimated effect, in the unit that `effect_unit` names; 0 if the test estimates no effect."""
    detectable_effect: float
    """Minimum detectable effect: the smallest true effect found with 80 % power; infinite where the
    test would miss any effect more often."""
    effect_unit: str
    assumption: str
    """What must hold for the p-value to be valid, in words."""
    grade: Grade
    strong_effect: float = 0.0
    """An effect that repeated training leaves, in the same unit. A test that would miss even this
    one cannot tell anything when its p-value is large; 0 if no such effect is known, so that the
    test never says `no evidence`."""
    bound: float | None = None
    """Chernoff bound on the exact p-value, if the null distribution of the statistic is known."""
    detectors: tuple[str, ...] = ()
    """The detectors whose scores were compared; empty in a test that compares words."""
    left_out: tuple[str, ...] = ()
    """What could not be used and why, in sentences."""
    cautions: tuple[str, ...] = ()
    """What a reader must know before the outcome is trusted, in sentences."""
    path: tuple[float, ...] = ()
    """Natural logarithm of the e-value after each draw, for a test that may stop at any time."""
    bets: tuple[tuple[str, tuple[float, ...]], ...] = ()
    """Name of each draw that was bet on and the gain of each of its options, in the order of the
    bets; for a test that may stop at any time."""
    groups: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None
    """Scores of the published and of the withheld documents that were compared, in the order of the
    corpus, NaN for an unscored document; None in a test that compares words alone."""
    versions: tuple[Versions, ...] = ()
    """What was compared, in a test of published texts against other versions of them."""
    details: dict[str, Any] = field(default_factory=dict)
    """The test's own numbers, for machines."""

    def words(self, alpha: float) -> Words:
        """Return the outcome at a level.

        Evidence if the p-value is at most alpha. Otherwise `no evidence`, or `cannot tell` if the
        test would have missed even a strong effect.
        """
        if self.pvalue <= alpha:
            return "trained on it"
        return "no evidence" if self.detectable_effect <= self.strong_effect else "cannot tell"

    @property
    def zscore(self) -> float:
        """Standard deviations of the statistic above its null mean; an effect size, not a test.

        0 if the statistic is constant under the null, NaN if there is no sample of the null.
        """
        if not self.null.size:
            return float("nan")
        spread = self.null.std()
        return float((self.statistic - self.null.mean()) / spread) if spread else 0.0

    @property
    def effect_words(self) -> str:
        """The effect and the minimum detectable one, for a reader."""
        return f"{self.effect:.3g} ({self.effect_unit}); {self.detectable_words}"

    @property
    def detectable_words(self) -> str:
        """The minimum detectable effect, for a reader."""
        if not np.isfinite(self.detectable_effect) and self.statistic == 0 and self.cautions:
            return "no detectable effect: nothing varies with the key"
        if not np.isfinite(self.detectable_effect):
            return (
                f"no detectable effect: with {self.n_units:,} units even the strongest would be "
                "missed in more than one case of five"
            )
        return f"minimum detectable effect {self.detectable_effect:.3g} (80 % power)"


def monte_carlo_pvalue(statistic: float, null: NDArray[np.float64]) -> float:
    """Return (1 + #{null >= statistic}) / (n + 1).

    Differences below rounding error count as equal, which can only make p larger.

    Source: B. Phipson and G. Smyth, "Permutation p-values should never be zero", SAGMB 2010.
    """
    slack = 1e-9 * max(1.0, abs(statistic))
    below = np.count_nonzero(null < statistic - slack)  # NaN counts against us
    return float((1 + null.size - below) / (null.size + 1))


def detectable_shift(alpha: float, least: float, n_resamples: int) -> float:
    """Return how many standard deviations a statistic must be off to be found with 80 % power.

    For a statistic whose null does not change with the effect, as that of ranks.

    Args:
        alpha: Level of the test.
        least: The smallest exact p-value.
        n_resamples: Number of resamples.
    """
    if not reachable(alpha, least, n_resamples):
        return np.inf
    return max(0.0, float(QUANTILE - ndtri(alpha)))


def rounded_up(bound: float) -> str:
    """Format a positive bound with one digit, rounded up."""
    exponent = floor(log10(bound))
    digit = ceil(bound / 10.0**exponent * (1 - 1e-12))
    return f"{float(f'{digit}e{exponent}'):.1g}"
