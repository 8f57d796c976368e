import numpy as np
import pytest

from membership.evidence.redraw import draw_table, standard_deviation, statistic
from membership.evidence.score_table import ScoreTable
from membership.evidence.strength import N_SUBSETS, site_gains, strength_by_documents


def table(rng, n_sites=300, n_documents=30):
    score = rng.normal(size=(n_sites, 2))
    return ScoreTable(
        tuple(f"d{i % n_documents}" for i in range(n_sites)),
        tuple(f"w{i}" for i in rng.integers(0, 100, n_sites)),
        np.full(n_sites, 2),
        score - score.mean(1, keepdims=True),
        {},
        {},
    )


def test_the_gains_of_the_sites_add_up_to_the_statistic():
    found = table(np.random.default_rng(0))
    draws = draw_table(found)
    outcomes = np.random.default_rng(1).integers(0, 2, len(draws.names))
    assert site_gains(found, outcomes).sum() == pytest.approx(statistic(draws, outcomes))


def test_a_gain_by_hand():
    two = ScoreTable(
        ("d", "d"), ("a", "a"), np.array([2, 2]), np.array([[-1.0, 1.0], [-2.0, 2.0]]), {}, {}
    )
    assert site_gains(two, np.array([1])).tolist() == pytest.approx([1 / 2**0.5, 2 / 2**0.5])


def test_strength_grows_to_that_of_the_whole_corpus():
    found = table(np.random.default_rng(0))
    draws = draw_table(found)
    best = draws.value.argmax(1)  # a suspect that prefers what the key chose, everywhere
    strength = strength_by_documents(found, best)
    assert [each.n_documents for each in strength] == [1, 2, 3, 5, 10, 20, 30]
    assert [each.median for each in strength] == sorted(each.median for each in strength)
    whole = statistic(draws, best) / standard_deviation(draws)
    assert strength[-1].low == strength[-1].high == pytest.approx(whole)
    assert strength == strength_by_documents(found, best)
    assert N_SUBSETS >= 20


def test_strength_of_no_evidence_does_not_grow():
    found = table(np.random.default_rng(0))
    outcomes = np.random.default_rng(5).integers(0, 2, len(draw_table(found).names))
    assert all(abs(each.median) < 3 for each in strength_by_documents(found, outcomes))
