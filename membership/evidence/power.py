"""The smallest effect that a test of the key's draws finds in four of five cases.

An effect moves T away from 0. It also widens the null that T is compared with, because fresh keys
choose among the same raised options. T and its null are taken as normal; how far the null scatters
without an effect is measured on the table at hand.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import floor, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

POWER = 0.8
QUANTILE = float(ndtri(POWER))
"""A normal statistic lies at most this many standard deviations below its mean in 80 %."""
STRONG_AUROC = 0.9
"""An AUROC that repeated training reaches between published and withheld documents; one epoch
reached 0.76 to 0.88 (reports/proof)."""
_SMALLEST, _STEPS = 1e-12, 100
_UNIFORM = (np.arange(1_000) + 0.5) / 1_000
"""p-values of a hold-out test whose scores say nothing about the documents."""


@dataclass(frozen=True)
class Response:
    """What happens to T and to its null if every published option gains one unit."""

    gain: float
    """Growth of the mean of T."""
    widening: float
    """Growth of the null variance; with the square of the effect."""
    noise: float
    """Null variance without an effect."""
    least: float
    """The smallest exact p-value: the probability of the best outcome of all draws."""
    n_resamples: int
    absorbed: float = 0.0
    """Share of an effect that regression and clipping take out of the table."""
    skewness: float = 0.0
    """Of the null without an effect; 0 for pairs."""

    def power(self, effect: float, alpha: float) -> float:
        """Return the probability of a p-value of at most alpha."""
        if not self.noise or effect <= 0 or not reachable(alpha, self.least, self.n_resamples):
            return 0.0
        return float(ndtr(self._distance(self.noise / effect**2, -ndtri(alpha))))

    def detectable(self, alpha: float) -> float:
        """Return the effect that has a power of 80 %; infinite if none has."""
        if not reachable(alpha, self.least, self.n_resamples):
            return np.inf
        critical = -ndtri(alpha)
        return self._effect(lambda ratio: float(ndtr(self._distance(ratio, critical))))

    def detectable_combined(self, product: float) -> float:
        """Return the same for a combination with another p-value that says nothing.

        Args:
            product: The combination reaches its level if the product of both p-values is at most
                this.
        """
        needed = np.minimum(1.0, product / _UNIFORM)
        reached = np.array([reachable(p, self.least, self.n_resamples) for p in needed.tolist()])
        critical = -ndtri(needed)
        return self._effect(
            lambda ratio: float((reached * ndtr(self._distance(ratio, critical))).mean())
        )

    def _distance(
        self, ratio: float, critical: np.float64 | NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return how far the mean of T lies above the critical value, in its standard deviations.

        What is absorbed differs between sites: a regression puts a mixture of other marks in its
        place, clipping takes all or nothing. That is noise of T (as in `prediction.py`).

        Args:
            ratio: The null variance without an effect over the squared effect.
            critical: The critical value in standard deviations of the null.
        """
        kept = 1.0 - self.absorbed
        expansion = np.where(critical > 1, (critical**2 - 1) / 6, 0.0)  # Cornish and Fisher
        null = np.sqrt(ratio + kept * self.widening)
        own = np.sqrt(ratio + kept * self.absorbed * self.widening)
        distance: NDArray[np.float64] = (
            kept * self.gain - (critical + max(0.0, self.skewness) * expansion) * null
        ) / own
        return distance

    def _effect(self, power: Callable[[float], float]) -> float:
        """Return the effect with a power of 80 %, by bisection; the power falls with the ratio."""
        top = self.gain**2
        low = _SMALLEST * top
        if not self.noise or self.absorbed >= 1 or power(low) < POWER:
            return np.inf
        high = top
        while power(high) > POWER and high < top / _SMALLEST:
            high *= 4
        for _ in range(_STEPS):
            middle = (low + high) / 2
            low, high = (low, middle) if power(middle) < POWER else (middle, high)
        return float(np.sqrt(self.noise / low))


def reachable(alpha: float, least: float, n_resamples: int) -> bool:
    """Tell whether the best possible outcome gives a p-value of at most alpha in 80 % of cases.

    Resamples equal the best outcome by chance, and only so many of them may if p is to be small.

    Args:
        alpha: Level of the test.
        least: Exact p-value of the best outcome.
        n_resamples: Number of resamples.
    """
    allowed = floor(alpha * (n_resamples + 1) * (1 + 1e-12)) - 1
    expected = n_resamples * least
    return allowed >= 0 and allowed + 0.5 >= expected + QUANTILE * sqrt(expected)


def strong_difference(scores: NDArray[np.float64], n_versions: NDArray[np.int64]) -> float:
    """Return the effect by which a published version outscores another one in 90 % of pairs.

    Two versions of a text that the model does not know differ by chance alone, and the scatter of
    their scores is the unit. For versions of one text no effect of training was measured; this is
    what the hold-out test counts as strong for different texts, which scatter more.

    Args:
        scores: Scores of the versions of each text, with mean 0, then zeros.
        n_versions: Number of versions of each text.
    """
    variance = np.square(scores).sum() / max(1, int((n_versions - 1).sum()))
    return float(ndtri(STRONG_AUROC) * np.sqrt(2 * variance))
