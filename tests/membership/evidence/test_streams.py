import numpy as np
import pytest

from membership.evidence.redraw import DrawTable
from membership.evidence.streams import PLAYERS, SHARED, StreamState, bet_instalment, bet_stream


def draws_of(values):
    values = np.asarray(values, dtype=float)
    n = len(values)
    return DrawTable(
        tuple(map(str, range(n))),
        np.full(n, 2),
        np.stack([-values, values], 1),
        np.ones(n, dtype=np.int64),
    )


def test_one_bet_by_hand():
    state = bet_instalment(StreamState(), draws_of([2.0]), np.array([1]))
    assert np.exp(state.log_wealth) == pytest.approx(1 + PLAYERS)
    assert list(state.path) == pytest.approx([np.log1p(PLAYERS.mean())])
    assert state.scale == 2


def test_wealth_is_shared_before_an_instalment_and_none_is_made():
    state = StreamState(tuple(np.log(np.arange(1.0, 1 + len(PLAYERS)))), (1.0,), 1.0)
    after = bet_instalment(state, draws_of([]), np.zeros(0, dtype=int))
    before = np.arange(1.0, 1 + len(PLAYERS))
    expected = (1 - SHARED) * before + SHARED * before.mean()
    assert np.exp(after.log_wealth) == pytest.approx(expected)
    assert np.exp(after.log_wealth).sum() == pytest.approx(before.sum())


def test_a_gain_is_bet_on_in_proportion_to_the_largest_so_far():
    state = bet_instalment(StreamState(), draws_of([4.0, 1.0]), np.array([1, 0]))
    assert np.exp(state.log_wealth) == pytest.approx((1 + PLAYERS) * (1 - PLAYERS / 4))


def test_the_expected_wealth_over_all_outcomes_is_what_it_was():
    draws = draws_of([1.0, -0.3, 2.0])
    start = bet_instalment(StreamState(), draws_of([0.5]), np.array([1]))
    outcomes = np.stack(np.meshgrid(*[[0, 1]] * 3), -1).reshape(-1, 3)
    ends = [np.exp(bet_instalment(start, draws, chosen).path[-1]) for chosen in outcomes]
    assert np.mean(ends) == pytest.approx(np.exp(start.path[-1]))


def test_1_000_null_streams_cross_one_over_alpha_in_at_most_alpha():
    rng, alpha = np.random.default_rng(0), 0.05
    values = rng.standard_t(3, size=(40, 12))
    crossed = 0
    for _ in range(1_000):
        coins = rng.integers(0, 2, values.shape)
        state = bet_stream((draws_of(v), c) for v, c in zip(values, coins, strict=True))
        crossed += state.pvalue <= alpha
    assert crossed <= 72  # at most 50 expected; 72 is 3.2 standard deviations above


def test_a_suspect_that_begins_to_train_in_the_middle_is_found():
    rng = np.random.default_rng(1)
    state = StreamState()
    for day in range(120):
        values = rng.normal(size=12)
        wins = rng.random(12) < (0.8 if day >= 80 else 0.5)
        coins = np.where(wins, values > 0, values <= 0).astype(int)
        state = bet_instalment(state, draws_of(values), coins)
    assert max(state.path[:80]) < np.log(1000) < max(state.path)


def test_unfair_gains_and_streams_without_draws():
    unfair = DrawTable(("a",), np.array([2]), np.array([[0.0, 1.0]]), np.array([1]))
    with pytest.raises(ValueError, match="mean 0"):
        bet_instalment(StreamState(), unfair, np.array([1]))
    assert bet_stream([]).pvalue == 1
    assert bet_stream([(draws_of([0.0]), np.array([1]))]).pvalue == 1


def test_evidence_that_was_reached_is_not_lost_again():
    won, lost = (draws_of([1.0]), np.array([1])), (draws_of([1.0]), np.array([0]))
    state = bet_stream([won, lost])
    assert state.path[1] < state.path[0]
    assert state.pvalue == pytest.approx(np.exp(-state.path[0]))


def test_a_gain_is_not_scaled_by_a_larger_one_that_comes_later():
    state = bet_instalment(StreamState(), draws_of([1.0, 4.0]), np.array([1, 0]))
    assert np.exp(state.log_wealth) == pytest.approx((1 + PLAYERS) * (1 - PLAYERS))
