"""Evidence over the instalments of a stream, which may be looked at after each of them.

Players with fixed stakes bet on the coins of every instalment, as in `betting.py`. Their stakes and
the scale of the gains come from the past and from what needs no key, so the mean wealth is a test
martingale: it exceeds 1 / alpha with a probability of at most alpha, whenever one looks or stops.
This holds for one suspect. Another release of it has a wealth of its own on the same coins, and the
largest of several is no martingale.

Before every instalment a share of the wealth is divided among all players, one of whom never bets.
So the evidence recovers soon when a suspect begins to train on a stream in its middle. Dividing
wealth creates none.

Source: J. Ville, 1939, for the inequality; M. Herbster and M. Warmuth, "Tracking the best expert",
Machine Learning 1998, for the shared wealth.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from membership.evidence.betting import STAKES
from membership.evidence.redraw import DrawTable

PLAYERS = np.array((0.0, *STAKES))
"""Shares of their wealth that the players put on a coin at full confidence."""
SHARED = 0.02
"""Share of the wealth that is divided among all players before an instalment."""


@dataclass(frozen=True)
class StreamState:
    """Where the betting stands after an instalment: enough to go on later, validly."""

    log_wealth: tuple[float, ...] = (0.0,) * len(PLAYERS)
    """Natural logarithm of each player's wealth."""
    path: tuple[float, ...] = ()
    """Natural logarithm of the e-value after each instalment."""
    scale: float = 0.0
    """Largest gain that any option of a draw has had so far."""

    @property
    def pvalue(self) -> float:
        """Anytime-valid p-value: 1 over the largest e-value so far, at most 1."""
        return float(np.exp(-max(0.0, *self.path))) if self.path else 1.0


def bet_instalment(state: StreamState, draws: DrawTable, choices: NDArray[np.int64]) -> StreamState:
    """Bet on the draws of an instalment and learn their outcomes.

    Args:
        state: Everything seen before this instalment.
        draws: What each option of each draw adds to the statistic, with mean 0 over the options;
            it may depend on the texts and the suspect, not on the key of this instalment.
        choices: The options that the key drew.

    Raises:
        ValueError: The gains of a draw do not have mean 0, so the odds would not be fair.
    """
    wealth = _shared(np.array(state.log_wealth))
    largest = np.abs(draws.value).max(1) if len(choices) else np.zeros(0)
    means = draws.value.sum(1) / draws.n_options
    if (np.abs(means) > 1e-9 * np.maximum(1.0, largest)).any():
        raise ValueError("the gains of a draw must have mean 0")
    scale = np.maximum.accumulate(np.concatenate([[state.scale], largest]))
    gains = draws.value[np.arange(len(choices)), choices]
    odds = np.divide(gains, scale[1:], out=np.zeros_like(gains), where=scale[1:] > 0)
    wealth = wealth + np.log1p(PLAYERS[:, None] * odds).sum(1)
    return StreamState(
        tuple(map(float, wealth)), (*state.path, log_mean_exp(wealth)), float(scale[-1])
    )


def bet_stream(instalments: Iterable[tuple[DrawTable, NDArray[np.int64]]]) -> StreamState:
    """Bet on instalments one after the other, each given as its draws and their outcomes."""
    state = StreamState()
    for draws, choices in instalments:
        state = bet_instalment(state, draws, choices)
    return state


def _shared(log_wealth: NDArray[np.float64]) -> NDArray[np.float64]:
    mean = log_mean_exp(log_wealth)
    shared: NDArray[np.float64] = np.logaddexp(
        np.log1p(-SHARED) + log_wealth, np.log(SHARED) + mean
    )
    return shared


def log_mean_exp(values: NDArray[np.float64]) -> float:
    """Return the logarithm of the mean of exp(values), without overflow."""
    top = float(values.max())
    return top + float(np.log(np.mean(np.exp(values - top))))
