from dataclasses import replace

import numpy as np
import pytest

from membership.evidence.prediction import (
    SiteMap,
    documents_needed,
    map_sites,
    predict_power,
)
from membership.evidence.redraw import redraw_test
from membership.evidence.score_table import ScoreTable
from membership.evidence.sensitivity import Sensitivity
from watermark.errors import PrerequisiteError
from watermark.keys import KEY_BYTES, Key

N_DOCUMENTS, N_SITES = 60, 6


def site_map(n_options=2, n_words=150, seed=1):
    """Sites of which some share a draw."""
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, n_words, (N_DOCUMENTS, N_SITES))
    return map_sites([[(f"w{w}", n_options) for w in row] for row in rows])


def table_of(sites: SiteMap, documents, sensitivity, key, rng):
    """Make the table that a suspect with this sensitivity would give."""
    draws = np.concatenate([sites.documents[i] for i in documents])
    n = sites.n_options[draws]
    noise = np.sqrt(1 - sensitivity.correlation) * rng.standard_normal((len(draws), n.max()))
    shared = rng.standard_normal((len(sites.n_options), n.max()))[draws]
    score = noise + np.sqrt(sensitivity.correlation) * shared
    score -= score.mean(1, keepdims=True)
    score *= sensitivity.noise / np.sqrt(1 - 1 / n.max())
    score -= sensitivity.effect / n.max()
    for row, draw in enumerate(draws):
        score[row, key.draw(f"d{draw}", int(n.max()))] += sensitivity.effect
    names = tuple(f"d{draw}" for draw in draws)
    return ScoreTable(tuple(map(str, draws)), names, n, score, {}, {})


@pytest.mark.parametrize(
    ("n_options", "n_documents", "sensitivity"),
    [
        (2, 5, Sensitivity(0.9, 0.4)),
        (2, 15, Sensitivity(0.45, 0.5, 0.2)),
        (3, 15, Sensitivity(0.6, 0.6, 0.1)),
        (2, 30, Sensitivity(0.2, 0.5)),
        (2, 30, Sensitivity(0.0, 0.5)),
    ],
)
def test_the_power_foreseen_is_that_of_the_test(n_options, n_documents, sensitivity):
    sites = site_map(n_options)
    foreseen = predict_power(sites, n_documents, sensitivity, alpha=0.01, n_simulated=400)
    rng = np.random.default_rng(5)
    hits = 0
    for _ in range(200):
        key = Key(rng.bytes(KEY_BYTES))
        documents = rng.choice(N_DOCUMENTS, n_documents, replace=False)
        table = table_of(sites, documents, sensitivity, key, rng)
        hits += redraw_test(table, key, alpha=0.01, n_resamples=999).pvalue <= 0.01
    assert foreseen == pytest.approx(hits / 200, abs=0.1)


def test_with_many_sites_the_normal_power_agrees_with_the_simulated_one(monkeypatch):
    sites, sensitivity = site_map(), Sensitivity(0.25, 0.5, 0.1)
    simulated = predict_power(sites, 50, sensitivity, alpha=0.001, n_simulated=600)
    monkeypatch.setattr("membership.evidence.prediction.SIMULATED_SITES", 1)
    assert predict_power(sites, 50, sensitivity, alpha=0.001) == pytest.approx(simulated, abs=0.07)


@pytest.mark.parametrize("most_simulated", [800, 1])
def test_a_power_is_the_mean_over_the_plausible_effects(monkeypatch, most_simulated):
    monkeypatch.setattr("membership.evidence.prediction.SIMULATED_SITES", most_simulated)
    sites, given = site_map(), Sensitivity(0.35, 0.5, 0.1, error=0.15)
    effects = np.random.default_rng(3).normal(given.effect, given.error, 60).clip(0)
    powers = [
        predict_power(sites, 30, replace(given, effect=e, error=0), alpha=0.001, n_simulated=40)
        for e in effects
    ]
    foreseen = predict_power(sites, 30, given, alpha=0.001, n_simulated=1_000)
    assert foreseen == pytest.approx(np.mean(powers), abs=0.1)
    certain = replace(given, error=0.0)
    assert foreseen < predict_power(sites, 30, certain, alpha=0.001, n_simulated=1_000) - 0.05


def test_what_the_adjustment_takes_is_taken_into_account():
    """The preference is regressed on covariates of each subset, as in the table of an audit."""
    sites, given, n = site_map(), Sensitivity(0.9, 0.4, coefficients=5), 3
    foreseen = predict_power(sites, n, given, alpha=0.01, n_simulated=1_000)
    rng, powers = np.random.default_rng(5), []
    for fitted in (True, False):
        hits = 0
        for _ in range(400):
            key = Key(rng.bytes(KEY_BYTES))
            documents = rng.choice(N_DOCUMENTS, n, replace=False)
            table = table_of(sites, documents, given, key, rng)
            if fitted:
                covariates = rng.standard_normal((len(table.draws), given.coefficients))
                first = table.score[:, 0]
                rest = first - covariates @ np.linalg.lstsq(covariates, first)[0]
                table = replace(table, score=np.stack([rest, -rest], axis=1))
            hits += redraw_test(table, key, alpha=0.01, n_resamples=999).pvalue <= 0.01
        powers.append(hits / 400)
    assert foreseen == pytest.approx(powers[0], abs=0.08)
    assert foreseen < powers[1] - 0.08
    few = replace(given, coefficients=40)
    assert predict_power(sites, n, few, alpha=0.01) < 0.05


def test_few_coins_cannot_reach_a_small_level():
    sites = map_sites([[("a", 2), ("b", 2)], [("a", 2)]])
    assert predict_power(sites, 2, Sensitivity(5.0, 2.6), alpha=0.001) == 0
    assert predict_power(map_sites([[], []]), 2, Sensitivity(1.0, 1.0), alpha=0.05) == 0


def test_the_documents_needed_give_the_power_and_one_step_fewer_does_not():
    sites, sensitivity = site_map(), Sensitivity(0.5, 0.5, 0.1)
    needed, beyond = documents_needed(sites, sensitivity, alpha=0.001, n_simulated=300)
    assert not beyond
    assert predict_power(sites, needed, sensitivity, alpha=0.001, n_simulated=300) >= 0.8
    fewer = round(needed * 0.7)
    assert predict_power(sites, fewer, sensitivity, alpha=0.001, n_simulated=300) < 0.8


def test_a_corpus_that_is_too_small_needs_more_than_it_has():
    sites = site_map()
    needed, beyond = documents_needed(sites, Sensitivity(0.02, 0.5), alpha=0.001)
    assert beyond
    assert needed > 20 * N_DOCUMENTS
    assert predict_power(sites, needed, Sensitivity(0.02, 0.5), alpha=0.001) > 0.7
    doubtful = Sensitivity(0.02, 0.5, error=0.01)
    more, _ = documents_needed(sites, doubtful, alpha=0.001)
    assert more > 1.5 * needed
    assert predict_power(sites, more, doubtful, alpha=0.001) == pytest.approx(0.8, abs=0.01)
    with pytest.raises(PrerequisiteError, match=r"no number of documents gives a power of 0\.99"):
        documents_needed(sites, doubtful, alpha=0.001, power=0.99)
    with pytest.raises(PrerequisiteError, match="nothing to detect"):
        documents_needed(map_sites([[], []]), Sensitivity(0.5, 0.5), alpha=0.001)
    with pytest.raises(PrerequisiteError, match="nothing to detect"):
        documents_needed(sites, Sensitivity(0.0, 0.5), alpha=0.001)
