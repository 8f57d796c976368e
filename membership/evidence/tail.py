"""The tail of the re-draw test's statistic, far below what re-draws can show."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

NEWTON_STEPS, CLOSE = 12, 1e-3
"""Maximum number of steps to the saddle point, and how close is enough, in standard deviations."""


def tail_probability(
    value: NDArray[np.float64], n_options: NDArray[np.int64], observed: float
) -> float:
    """Return P(T >= observed) under fresh keys, by a saddle point approximation.

    It is not a bound, so it serves forecasts only, never as evidence.

    Source: R. Lugannani and S. Rice, "Saddle point approximation for the distribution of the sum
    of independent random variables", 1980.

    Args:
        value: The contribution of each outcome of each draw, shape (n_draws, most options).
        n_options: Number of outcomes of each draw.
        observed: The statistic.
    """
    inside = np.arange(value.shape[1]) < n_options[:, None]
    highest = np.where(inside, value, -np.inf).max(1).sum()
    least = float(np.exp(-np.log(n_options).sum()))
    if observed >= highest - 1e-9 * max(1.0, abs(highest)):
        return least
    t = 0.0
    for _ in range(NEWTON_STEPS):
        height, slope, curve = _cumulants(value, inside, n_options, t)
        step = float(np.clip((observed - slope) / max(curve, 1e-12), -2.0, 2.0))
        if abs(step) * np.sqrt(curve) < CLOSE:
            break
        t += step
    exponent = t * observed - height
    w, u = np.sign(t) * np.sqrt(2 * max(exponent, 0.0)), t * np.sqrt(curve)
    if abs(w) < 1e-3 or abs(u) < 1e-3:
        return float(norm.sf(observed / np.sqrt(_cumulants(value, inside, n_options, 0.0)[2])))
    return float(np.clip(norm.sf(w) + norm.pdf(w) * (1 / u - 1 / w), least, 1.0))


def _cumulants(
    value: NDArray[np.float64], inside: NDArray[np.bool_], n_options: NDArray[np.int64], t: float
) -> tuple[float, float, float]:
    """Return the cumulant generating function of T at t, and its first two derivatives."""
    exponent = np.where(inside, t * value, -np.inf)
    top = exponent.max(1)
    weight = np.exp(exponent - top[:, None])
    total = weight.sum(1)
    share = weight / total[:, None]
    mean = (share * value).sum(1)
    variance = (share * np.square(value)).sum(1) - mean**2
    height = (top + np.log(total / n_options)).sum()
    return float(height), float(mean.sum()), float(variance.sum())
