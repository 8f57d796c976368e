import numpy as np
import pytest
from scipy.stats import binomtest

from membership.evidence.betting import (
    STAKES,
    BettingState,
    bet,
    bet_all,
    detectable_growth,
    out_of_reach,
)


def gains(x):
    return np.array([-x, x])


def test_one_bet_by_hand():
    won, lost = (bet(BettingState(), gains(2.0), outcome) for outcome in (1, 0))
    assert np.exp(won.log_wealth) == pytest.approx(1 + np.array(STAKES))
    assert np.exp(won.log_e) == pytest.approx(1 + np.mean(STAKES))
    assert np.exp(lost.log_e) == pytest.approx(1 - np.mean(STAKES))


def test_wealth_is_multiplied_in_proportion_to_the_preference():
    state = bet(bet(BettingState(), gains(4.0), 1), gains(1.0), 0)  # scale 4: odds 1, then -1/4
    assert np.exp(state.log_wealth) == pytest.approx(
        (1 + np.array(STAKES)) * (1 - np.array(STAKES) / 4)
    )


def test_p_is_one_over_the_largest_e_value():
    state = bet_all([(gains(1.0), 1)] * 5 + [(gains(1.0), 0)] * 5)
    assert state.pvalue == pytest.approx(np.exp(-max(state.path)))
    assert state.pvalue < np.exp(-state.log_e)
    assert BettingState().pvalue == 1.0


def test_the_odds_of_several_options_are_fair():
    values = np.array([2.0, -0.5, -1.5])
    wealth = [np.exp(bet(BettingState(), values, outcome).log_wealth) for outcome in range(3)]
    assert np.mean(wealth, axis=0) == pytest.approx(np.ones(len(STAKES)))


def test_unfair_odds_are_our_mistake():
    with pytest.raises(ValueError, match="must have mean 0"):
        bet(BettingState(), np.array([0.0, 1.0]), 1)


def test_going_on_later_is_the_same_as_going_on():
    rng = np.random.default_rng(1)
    draws = [
        (gains(x), int(o)) for x, o in zip(rng.normal(size=50), rng.integers(0, 2, 50), strict=True)
    ]
    assert bet_all(draws[20:], bet_all(draws[:20])) == bet_all(draws)


@pytest.mark.parametrize("shape", ["normal", "heavy", "one large"])
def test_whenever_one_stops_the_level_holds(shape):
    """1,000 innocent streams; the most tempting rule stops at the first e-value above 1 / alpha."""
    rng, alpha, crossed = np.random.default_rng(2), 0.05, 0
    for _ in range(1_000):
        values = {
            "normal": rng.normal(size=200),
            "heavy": rng.standard_t(2, 200),
            "one large": np.append(rng.normal(size=199) * 0.01, 5.0),
        }[shape]
        log_wealth, scale, top = np.zeros(len(STAKES)), 0.0, 0.0
        for value, outcome in zip(values, rng.integers(0, 2, 200), strict=True):
            scale = max(scale, abs(value))
            odds = (value if outcome else -value) / scale
            log_wealth = log_wealth + np.log1p(np.array(STAKES) * odds)
            top = max(top, np.log(np.mean(np.exp(log_wealth))))
        crossed += top >= np.log(1 / alpha)
    assert binomtest(crossed, 1_000, alpha, alternative="greater").pvalue > 0.001


def test_the_loop_above_is_the_code():
    rng = np.random.default_rng(3)
    values, outcomes = rng.normal(size=30), rng.integers(0, 2, 30)
    state = bet_all([(gains(v), int(o)) for v, o in zip(values, outcomes, strict=True)])
    log_wealth, scale = np.zeros(len(STAKES)), 0.0
    for value, outcome in zip(values, outcomes, strict=True):
        scale = max(scale, abs(value))
        log_wealth = log_wealth + np.log1p(
            np.array(STAKES) * ((value if outcome else -value) / scale)
        )
    assert np.array(state.log_wealth) == pytest.approx(log_wealth)


def test_a_bet_that_peeks_at_the_outcome_would_be_noticed():
    """The simulation can fail: a gambler who knows the coins crosses at once."""
    state = bet_all([(gains(1.0), 1)] * 20)
    assert state.log_e > np.log(1_000)


def test_evidence_is_out_of_reach_when_every_win_would_not_do():
    assert out_of_reach(BettingState(), 5, 0.001)
    assert not out_of_reach(BettingState(), 50, 0.001)
    assert out_of_reach(BettingState(log_wealth=(-40.0,) * len(STAKES)), 50, 0.001)


@pytest.mark.parametrize(("n_draws", "wins"), [(70, 0.79), (300, 0.645)])
def test_the_detectable_growth_reaches_the_level_four_times_in_five(n_draws, wins):
    # the share of draws won at which wealth grows, in the mean, by the growth that is stated
    rng = np.random.default_rng(5)
    odds = np.where(rng.random((1_000, n_draws)) < wins, 1.0, -1.0)
    wealth = np.cumsum(np.log1p(np.array(STAKES)[:, None, None] * odds), axis=2)
    path = np.logaddexp.reduce(wealth) - np.log(len(STAKES))
    growth = detectable_growth(n_draws, 0.001)
    assert path[:, -1].mean() / n_draws == pytest.approx(growth, rel=0.06)
    assert 0.77 < np.mean(path.max(1) >= -np.log(0.001)) < 0.91


def test_no_growth_is_detectable_where_winning_every_draw_is_not_enough():
    assert detectable_growth(0, 0.001) == np.inf
    assert detectable_growth(13, 0.001) == np.inf
    assert detectable_growth(15, 0.001) == pytest.approx(0.5167, abs=1e-3)  # all of 15 won
