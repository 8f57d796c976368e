import numpy as np
import pytest

from membership.evidence.score_table import ScoreTable
from membership.evidence.sensitivity import Sensitivity, measure_sensitivity, pool_sensitivities
from tests.membership.evidence.test_prediction import N_DOCUMENTS, site_map, table_of
from watermark.keys import KEY_BYTES, Key


@pytest.mark.parametrize("n_options", [2, 3])
def test_what_a_table_shows_is_measured_back(n_options):
    sites, given = site_map(n_options), Sensitivity(0.4, 0.5, 0.3)
    rng = np.random.default_rng(8)
    found = [
        measure_sensitivity(table_of(sites, range(N_DOCUMENTS), given, k, rng), k)
        for k in (Key(rng.bytes(KEY_BYTES)) for _ in range(30))
    ]
    assert np.mean([f.effect for f in found]) == pytest.approx(0.4, abs=0.05)
    assert np.mean([f.noise for f in found]) == pytest.approx(0.5, abs=0.05)
    assert np.mean([f.correlation for f in found]) == pytest.approx(0.3, abs=0.08)
    spread = np.std([f.effect for f in found], ddof=1)
    assert np.mean([f.error for f in found]) == pytest.approx(spread, rel=0.4)
    assert {f.coefficients for f in found} == {0}


def test_the_effect_is_the_mean_over_sites_not_over_draws():
    key = Key(bytes(32))
    draws = ("often",) * 9 + ("once",)
    score = np.zeros((10, 2))
    for row, draw, effect in zip(score, draws, [1.0] * 9 + [0.0], strict=True):
        row[:] = -effect / 2
        row[key.draw(draw, 2)] += effect
    table = ScoreTable(draws, draws, np.full(10, 2), score, {}, {"intercept": 0.0, "rarity": 0.0})
    found = measure_sensitivity(table, key)
    assert found.effect == pytest.approx(0.9)
    assert found.coefficients == 2


def test_what_the_next_run_shows_is_uncertain_by_what_runs_differ_in():
    alike = pool_sensitivities([Sensitivity(0.5, 1.0, 0.2, 0.1, 3)] * 4)
    assert (alike.effect, alike.noise, alike.correlation) == pytest.approx((0.5, 1.0, 0.2))
    assert alike.error == pytest.approx(0.05)  # the mean of four
    assert alike.coefficients == 3
    apart = pool_sensitivities([Sensitivity(e, 1.0, 0.2, 0.1) for e in (0.1, 0.5, 0.9)])
    between = 0.16 - 0.01
    assert apart.error == pytest.approx(np.sqrt(between + (between + 0.01) / 3))


@pytest.mark.parametrize(("noise", "correlation"), [(0.0, 0.0), (1.0, 1.5), (float("nan"), 0.0)])
def test_impossible_tables_are_refused(noise, correlation):
    with pytest.raises(ValueError, match="wanted a noise"):
        Sensitivity(1.0, noise, correlation)


@pytest.mark.parametrize(("error", "coefficients"), [(-0.1, 0), (float("nan"), 0), (0.1, -1)])
def test_impossible_errors_are_refused(error, coefficients):
    with pytest.raises(ValueError, match="wanted an error"):
        Sensitivity(1.0, 1.0, 0.0, error, coefficients)
