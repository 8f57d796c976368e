import itertools

import numpy as np
import pytest
from scipy.stats import kstest

from membership.evidence.redraw import (
    DrawTable,
    chernoff_bound,
    choices_of,
    draw_table,
    null_statistics,
    redraw_test,
    simulate_null,
    statistic,
)
from membership.evidence.result import monte_carlo_pvalue, rounded_up
from membership.evidence.score_table import ScoreTable
from watermark.errors import PrerequisiteError
from watermark.keys import Key


def table(rng, n_sites=400, n_draws=150, n=2, score=None):
    """A table of a suspect that prefers words at random, with sites of unequal draws."""
    draw = rng.integers(0, n_draws, n_sites)
    if score is None:
        score = rng.standard_t(2, (n_sites, n))
    return ScoreTable(
        document_ids=tuple(f"d{i // 8}" for i in range(n_sites)),
        draws=tuple(f"w{d}" for d in draw),
        n_candidates=np.full(n_sites, n),
        score=score - score.mean(1, keepdims=True),
        unusable={},
        adjustment={},
    )


def keys(n, rng):
    return [Key(rng.bytes(32)) for _ in range(n)]


def trained(rng, key, strength, n_sites=400, n=2):
    """A table of a suspect that came to prefer what the key had chosen."""
    base = table(rng, n_sites, n=n)
    chosen = [key.draw(draw, n) for draw in base.draws]
    score = base.score + strength * np.eye(n)[chosen]
    return ScoreTable(
        base.document_ids,
        base.draws,
        base.n_candidates,
        score - score.mean(1, keepdims=True),
        {},
        {},
    )


def test_sites_of_a_draw_are_added_and_divided_by_the_root_of_their_number():
    found = draw_table(
        ScoreTable(
            ("d",) * 3,
            ("a", "a", "b"),
            np.array([2, 2, 2]),
            np.array([[-1.0, 1.0], [-2.0, 2.0], [3.0, -3.0]]),
            {},
            {},
        )
    )
    assert found.names == ("a", "b")
    two = 3 / 2**0.5
    assert found.value.ravel().tolist() == pytest.approx([-two, two, 3.0, -3.0])
    assert statistic(found, np.array([1, 0])) == pytest.approx(3 / 2**0.5 + 3)


def test_the_null_is_that_of_all_outcomes_of_a_small_corpus():
    rng = np.random.default_rng(1)
    value = rng.normal(size=(4, 3))
    value -= value.mean(1, keepdims=True)
    value[2:, 2] = 0
    value[2:, :2] -= value[2:, :2].mean(1, keepdims=True)
    draws = DrawTable(tuple("abcd"), np.array([3, 3, 2, 2]), value, np.ones(4, dtype=int))
    options = [range(n) for n in (3, 3, 2, 2)]
    every = [statistic(draws, np.array(c)) for c in itertools.product(*options)]
    null = null_statistics(draws, 36_000, np.random.default_rng(2))
    counts = [np.isclose(null, value).sum() for value in every]
    assert sum(counts) == 36_000
    assert np.abs(np.array(counts) - 1000).max() < 5 * 1000**0.5


def test_choices_follow_the_key(key):
    draws = draw_table(table(np.random.default_rng(0), n=3))
    assert choices_of(key, draws).tolist() == [key.draw(name, 3) for name in draws.names]


def uniform_pvalues(rng, shift=0.0):
    """500 random keys against one fixed table; `shift` is what a wrong test would add to T."""
    draws = draw_table(table(rng))
    null = null_statistics(draws, 1999, rng)
    observed = [statistic(draws, choices_of(k, draws)) + shift for k in keys(500, rng)]
    return np.array([monte_carlo_pvalue(value, null) for value in observed])


def test_p_is_uniform_over_keys():
    assert kstest(uniform_pvalues(np.random.default_rng(3)), "uniform").pvalue > 0.01


def test_the_uniformity_test_fails_for_a_broken_statistic():
    rng = np.random.default_rng(3)
    sd = null_statistics(draw_table(table(np.random.default_rng(3))), 999, rng).std()
    broken = uniform_pvalues(np.random.default_rng(3), shift=0.3 * sd)
    assert kstest(broken, "uniform").pvalue < 0.001


def test_simulate_null_gives_uniform_p_even_for_a_trained_suspect(key):
    rng = np.random.default_rng(4)
    suspect = trained(rng, key, strength=2.0)
    pvalues = simulate_null(suspect, keys(500, rng), n_resamples=1999)
    assert kstest(pvalues, "uniform").pvalue > 0.01


@pytest.mark.parametrize("n", [2, 3])
def test_a_suspect_that_learned_the_choices_is_found(key, n):
    suspect = trained(np.random.default_rng(5), key, strength=3.0, n=n)
    result = redraw_test(suspect, key, alpha=0.001, n_resamples=9_999)
    assert result.pvalue == 1 / 10_000
    assert result.bound is not None
    assert result.bound < 1e-6


@pytest.mark.parametrize("n", [2, 3])
def test_the_effect_is_the_preference_for_the_published_word_in_nats(n):
    effects = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        key = Key(rng.bytes(32))
        base = table(rng, n=n, score=rng.normal(size=(400, n)))
        score = base.score + 1.5 * np.eye(n)[[key.draw(draw, n) for draw in base.draws]]
        score -= score.mean(1, keepdims=True)
        suspect = ScoreTable(base.document_ids, base.draws, base.n_candidates, score, {}, {})
        effects.append(redraw_test(suspect, key, alpha=0.01, n_resamples=9).effect)
    assert np.mean(effects) == pytest.approx(1.5, abs=0.06)  # 5 standard errors


def test_a_suspect_that_learned_the_opposite_is_not_found(key):
    # one-sided: a model that finds our words stranger than others did not train on them
    suspect = trained(np.random.default_rng(5), key, strength=-1.5)
    assert redraw_test(suspect, key, alpha=0.001, n_resamples=999).pvalue > 0.99


def test_the_wrong_key_finds_nothing(key):
    suspect = trained(np.random.default_rng(5), key, strength=1.5)
    other = Key(bytes(32))
    assert redraw_test(suspect, other, alpha=0.001, n_resamples=999).pvalue > 0.001


def test_the_detectable_effect_is_detected_four_times_in_five(key):
    rng = np.random.default_rng(6)
    noise = table(rng, score=rng.normal(size=(400, 2)))
    effect = redraw_test(noise, key, alpha=0.01, n_resamples=999).detectable_effect
    found = 0
    for k in keys(300, rng):
        chosen = [k.draw(draw, 2) for draw in noise.draws]
        score = noise.score + effect * (np.eye(2)[chosen] - 0.5)
        moved = ScoreTable(noise.document_ids, noise.draws, noise.n_candidates, score, {}, {})
        found += redraw_test(moved, k, alpha=0.01, n_resamples=999).pvalue <= 0.01
    assert 0.72 < found / 300 < 0.88


def test_the_chernoff_bound_is_above_the_exact_p_of_a_small_corpus():
    rng = np.random.default_rng(7)
    value = rng.normal(size=(12, 1)) * [[-1.0, 1.0]]
    draws = DrawTable(tuple("abcdefghijkl"), np.full(12, 2), value, np.ones(12, dtype=int))
    every = np.array([statistic(draws, np.array(c)) for c in itertools.product((0, 1), repeat=12)])
    for observed in np.quantile(every, [0.6, 0.9, 0.99, 0.999, 1.0]):
        exact = np.mean(every >= observed - 1e-12)
        assert exact <= chernoff_bound(draws, observed) * (1 + 1e-9)
    assert chernoff_bound(draws, every.max()) < 4 * 2**-12


def test_the_chernoff_bound_says_nothing_below_the_mean():
    assert chernoff_bound(draw_table(table(np.random.default_rng(0))), -1.0) == 1.0


def test_ties_count_against_us():
    assert monte_carlo_pvalue(1.0, np.array([1.0 - 1e-13, 0.0, 2.0])) == 3 / 4


def test_a_corpus_without_usable_sites_is_refused_with_the_reasons(key):
    empty = ScoreTable((), (), np.zeros(0, int), np.zeros((0, 2)), {"no left context": 7}, {})
    with pytest.raises(PrerequisiteError, match="7 sites: no left context"):
        redraw_test(empty, key, alpha=0.001)


def test_the_same_seed_gives_the_same_result(key):
    suspect = table(np.random.default_rng(8))
    one, two = (redraw_test(suspect, key, alpha=0.001, n_resamples=999, seed=3) for _ in range(2))
    assert one.pvalue == two.pvalue
    np.testing.assert_array_equal(one.null, two.null)


@pytest.mark.parametrize(("n_draws", "n_resamples"), [(5, 9_999), (300, 99)])
def test_where_no_p_is_small_enough_nothing_would_have_been_seen(key, n_draws, n_resamples):
    suspect = table(np.random.default_rng(9), n_draws, n_draws)
    result = redraw_test(suspect, key, alpha=0.001, n_resamples=n_resamples)
    assert np.isinf(result.detectable_effect)
    assert "even the strongest would be missed" in result.effect_words
    assert result.words(0.001) == "cannot tell"


def test_a_bound_too_small_for_a_number_is_still_above_zero():
    n = 4_000
    value = np.tile([-1.0, 1.0], (n, 1))
    draws = DrawTable(tuple(map(str, range(n))), np.full(n, 2), value, np.ones(n, dtype=int))
    assert 0 < chernoff_bound(draws, float(n)) < 1e-300


@pytest.mark.parametrize(
    ("bound", "words"),
    [
        (1.49e-12, "2e-12"),
        (1e-5, "1e-05"),
        (9.2e-7, "1e-06"),
        (0.61, "0.7"),
        (0.95, "1"),
        (1.0, "1"),
    ],
)
def test_a_bound_is_rounded_up(bound, words):
    assert rounded_up(bound) == words


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_statistic_or_a_null_that_is_no_number_is_no_evidence(value):
    assert monte_carlo_pvalue(np.nan, np.zeros(9)) == 1.0
    assert monte_carlo_pvalue(1.0, np.array([value, 0.0, 0.0])) == 2 / 4


def test_the_chernoff_bound_is_above_the_exact_p_where_draws_differ_in_their_options():
    rng = np.random.default_rng(1)
    n_options = np.array([3, 3, 2, 2])
    value = rng.normal(size=(4, 3)) * (np.arange(3) < n_options[:, None])
    value -= np.where(value, value.sum(1, keepdims=True) / n_options[:, None], 0)
    draws = DrawTable(tuple("abcd"), n_options, value, np.ones(4, dtype=int))
    outcomes = itertools.product(*map(range, n_options))
    every = np.array([statistic(draws, np.array(outcome)) for outcome in outcomes])
    for observed in every[every > 0]:
        exact = np.mean(every >= observed - 1e-12)
        assert exact <= chernoff_bound(draws, observed) * (1 + 1e-9)


def test_the_seed_decides_the_fresh_keys(key):
    suspect = table(np.random.default_rng(8))
    one, two = (
        redraw_test(suspect, key, alpha=0.001, n_resamples=999, seed=seed).null for seed in (0, 1)
    )
    assert not np.array_equal(one, two)
    again = null_statistics(draw_table(suspect), 999, np.random.default_rng(1))
    np.testing.assert_array_equal(two, again)


def test_a_draw_whose_sites_differ_in_their_number_of_candidates_is_our_mistake():
    score = np.array([[-1.0, 1.0, 0.0], [-1.0, 0.0, 1.0]])
    mixed = ScoreTable(("d", "d"), ("a", "a"), np.array([2, 3]), score, {}, {})
    with pytest.raises(ValueError, match="must have the same number of candidates"):
        draw_table(mixed)
