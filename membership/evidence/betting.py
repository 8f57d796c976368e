"""Evidence that may be looked at after every answer: a bet on each coin of the key.

Each draw of the key is a fair coin (or die) whose outcome is hidden from the suspect. Someone who
is told what the suspect prefers, and who bets on the outcome at fair odds, cannot expect to gain
if the suspect does not depend on the key. Wealth is therefore a test martingale: it exceeds
1 / alpha with a probability of at most alpha, whenever and for whatever reason the betting stops
(Ville's inequality).

Source: G. Shafer, "Testing by betting", JRSS A 2021; a mixture over fixed stakes as in
A. Ramdas et al., "Game-theoretic statistics and safe anytime-valid inference", Statistical Science
2023. Ours differs in what is bet on: the owner's own coins, so the null is exact by design.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from membership.evidence.power import QUANTILE

STAKES = (0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9)
"""Shares of the wealth that the players of the mixture put on a coin at full confidence."""

STRONG_GROWTH = 0.1
"""Growth of the wealth, in nats a draw, that a model which has learned the marks well leaves."""


@dataclass(frozen=True)
class BettingState:
    """Where the betting stands: enough to go on later, validly."""

    log_wealth: tuple[float, ...] = (0.0,) * len(STAKES)
    """Natural logarithm of each player's wealth, in the order of `STAKES`."""
    path: tuple[float, ...] = ()
    """Natural logarithm of the e-value after each draw."""
    scale: float = 0.0
    """Largest preference seen so far; a preference is bet on in proportion to it."""

    @property
    def log_e(self) -> float:
        """Natural logarithm of the e-value: mean wealth of the players."""
        return _log_mean(np.array(self.log_wealth))

    @property
    def pvalue(self) -> float:
        """Anytime-valid p-value: 1 over the largest e-value so far, at most 1."""
        return float(np.exp(-max(0.0, *self.path))) if self.path else 1.0


def bet(state: BettingState, gains: NDArray[np.float64], outcome: int) -> BettingState:
    """Bet on one draw and learn its outcome.

    Args:
        state: Everything seen before this draw.
        gains: What each option of the draw adds to the statistic, shape (n_options,), with mean
            0; it must not depend on the key.
        outcome: The option that the key drew.

    Raises:
        ValueError: The gains do not have mean 0, so the odds would not be fair.
    """
    largest = float(np.abs(gains).max())
    if abs(float(gains.mean())) > 1e-9 * max(1.0, largest):
        raise ValueError(f"the gains of a draw must have mean 0, got {float(gains.mean()):g}")
    scale = max(state.scale, largest)
    odds = float(gains[outcome]) / scale if scale else 0.0
    wealth = np.array(state.log_wealth) + np.log1p(np.array(STAKES) * odds)
    path = (*state.path, _log_mean(wealth))
    return BettingState(tuple(map(float, wealth)), path, scale)


def bet_all(
    draws: Sequence[tuple[NDArray[np.float64], int]], state: BettingState | None = None
) -> BettingState:
    """Bet on draws one after the other, each given as its gains and its outcome."""
    state = state or BettingState()
    for gains, outcome in draws:
        state = bet(state, gains, outcome)
    return state


def out_of_reach(state: BettingState, n_left: int, alpha: float) -> bool:
    """Tell whether the e-value could not reach 1 / alpha even if every draw left were won.

    Args:
        state: Where the betting stands.
        n_left: How many draws the budget still allows.
        alpha: Level of the test.
    """
    best = np.array(state.log_wealth) + n_left * np.log1p(np.array(STAKES))
    return bool(_log_mean(best) < -np.log(alpha))


def detectable_growth(n_draws: int, alpha: float) -> float:
    """Return the mean growth of the wealth, in nats a draw, with an 80 % chance of 1 / alpha.

    The best stake makes wealth grow by g nats a draw and scatter with a variance of 2g a draw, in
    the limit of small gains. A growth of n g that lies 0.84 standard deviations above the logarithm
    of 1 / alpha solves a quadratic equation. No growth exceeds that of winning every draw.

    Infinite if no player can reach 1 / alpha although every draw is won.
    """
    if not n_draws or out_of_reach(BettingState(), n_draws, alpha):
        return float("inf")
    most = _log_mean(n_draws * np.log1p(np.array(STAKES)))
    root = (QUANTILE + np.sqrt(QUANTILE**2 - 2 * np.log(alpha))) / np.sqrt(2)
    return float(min(root**2, most) / n_draws)


def _log_mean(values: NDArray[np.float64]) -> float:
    top = float(values.max())
    return top + float(np.log(np.mean(np.exp(values - top))))
