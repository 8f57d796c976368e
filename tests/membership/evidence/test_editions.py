from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binomtest, kstest

from membership.evidence.editions import editions_test, holm, some_edition_pvalue
from membership.evidence.redraw import choices_of, draw_table
from membership.evidence.score_table import ScoreTable
from watermark.errors import PrerequisiteError
from watermark.keys import Key

N_DRAWS = 120


def key_of(seed):
    return Key(np.random.default_rng([seed, 9]).bytes(32))


def keys_of(seed, n=20):
    return {f"licensee {i}": key_of(seed).derive("edition", f"licensee {i}") for i in range(n)}


def table_of(effect, keys, *, n_draws=N_DRAWS, seed=0):
    """A suspect that prefers the words of some editions by `effect`, beside noise."""
    rng = np.random.default_rng(seed)
    preference = rng.normal(size=n_draws)
    table = ScoreTable(
        tuple(f"d{i % 7}" for i in range(n_draws)),
        tuple(f"w{i}" for i in range(n_draws)),
        np.full(n_draws, 2),
        np.stack([-preference, preference], 1) / 2,
        {},
        {},
    )
    for key in keys:
        signs = 2 * choices_of(key, draw_table(table)) - 1
        preference = preference + effect * signs
    return replace(table, score=np.stack([-preference, preference], 1) / 2)


def test_the_licensee_whose_edition_was_trained_on_is_named_and_no_other():
    keys = keys_of(0)
    result = editions_test(table_of(1.5, [keys["licensee 7"]]), keys, alpha=0.001)
    assert [each.licensee for each in result.named] == ["licensee 7"]
    assert result.words == "licensees named"
    assert result.some_pvalue <= 0.001
    assert result.alike == ()


def test_a_mixture_of_two_names_both():
    keys = keys_of(1)
    table = table_of(1.0, [keys["licensee 2"], keys["licensee 5"]])
    result = editions_test(table, keys, alpha=0.001)
    assert {each.licensee for each in result.named} == {"licensee 2", "licensee 5"}


def test_a_vote_of_all_is_some_edition_and_nobody_is_named_wrongly():
    keys = keys_of(2)
    table = table_of(0.3, list(keys.values()), n_draws=150)
    result = editions_test(table, keys, alpha=0.001)
    assert result.words == "some edition, undecided which"
    assert result.named == ()


def test_p_of_each_edition_and_of_some_edition_is_uniform_over_1_000_keys():
    table = table_of(1.5, [key_of(10_000)], n_draws=60)  # trained on, but with nobody's coins
    of_one, of_some, wrong = [], [], 0
    for seed in range(1_000):
        result = editions_test(table, keys_of(seed, 3), alpha=0.05, n_resamples=999, seed=seed)
        of_one.append(result.editions[1].pvalue)
        of_some.append(result.some_pvalue)
        wrong += bool(result.named)
    assert kstest(of_one, "uniform").pvalue > 0.001
    assert kstest(of_some, "uniform").pvalue > 0.001
    assert wrong <= 75  # 50 expected at most


class Flips:
    """Coins that are quickly drawn, for many keys."""

    def __init__(self, rng):
        self.outcomes = rng.integers(0, 2, N_DRAWS).tolist()

    def draw(self, name, n_options):
        return self.outcomes[int(name[1:])]


def test_an_innocent_model_gets_no_claim_of_either_kind_more_often_than_alpha():
    table, rng, claims = table_of(0, [], n_draws=60), np.random.default_rng(7), 0
    for seed in range(4_000):
        keys = {str(i): Flips(rng) for i in range(20)}
        result = editions_test(table, keys, alpha=0.05, n_resamples=1_999, seed=seed)
        claims += result.words != "no evidence"
        assert result.some_pvalue <= 0.05 or not result.named
    assert binomtest(claims, 4_000, 0.05, alternative="greater").pvalue > 0.001


def test_innocent_licensees_are_safe_beside_a_guilty_one():
    wrong = 0
    for seed in range(300):
        keys = keys_of(seed, 5)
        table = table_of(1.5, [keys["licensee 0"]], n_draws=60, seed=seed)
        result = editions_test(table, keys, alpha=0.05, n_resamples=999, seed=seed)
        wrong += any(each.licensee != "licensee 0" for each in result.named)
    assert wrong <= 28  # 15 expected at most


def test_editions_that_too_few_draws_tell_apart_are_said_to_be_alike():
    keys = keys_of(3, 4)
    result = editions_test(table_of(1.5, [keys["licensee 1"]], n_draws=16), keys, alpha=0.01)
    assert [each.licensee for each in result.named] == ["licensee 1"]
    twins = {**keys, "twin": keys["licensee 1"]}
    result = editions_test(table_of(1.5, [keys["licensee 1"]], n_draws=16), twins, alpha=0.01)
    assert ("licensee 1", "twin", 0) in [tuple(vars(pair).values()) for pair in result.alike]


def test_a_table_without_sites_and_too_many_licensees_are_refused():
    table = table_of(0, [], n_draws=0)
    with pytest.raises(PrerequisiteError, match="no usable site"):
        editions_test(table, keys_of(0), alpha=0.001)
    with pytest.raises(PrerequisiteError, match="larger --alpha"):
        editions_test(table_of(0, []), keys_of(0, 100), alpha=1e-6)


def test_holm_multiplies_the_smallest_by_all_and_never_decreases():
    np.testing.assert_allclose(holm(np.array([0.04, 0.01, 0.03])), [0.06, 0.03, 0.06])
    np.testing.assert_allclose(holm(np.array([0.9, 0.8])), [1, 1])


def test_the_same_statistics_as_under_every_fresh_key_are_no_evidence():
    assert some_edition_pvalue(np.ones(3), np.ones((50, 3))) == 1
