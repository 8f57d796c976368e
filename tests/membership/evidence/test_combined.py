import numpy as np
import pytest
from scipy.stats import binomtest, combine_pvalues, kstest

from membership.evidence.combined import combined_test, fisher_pvalue
from membership.evidence.holdout import holdout_test
from membership.evidence.permutation import auroc
from membership.evidence.redraw import redraw_test
from membership.evidence.score_table import ScoreTable
from watermark.keys import Key


def test_it_is_fishers_combination():
    assert fisher_pvalue(0.05, 0.02) == pytest.approx(combine_pvalues([0.05, 0.02])[1])
    assert fisher_pvalue(1.0, 1.0) == 1.0


def test_two_small_values_give_a_smaller_one_and_one_alone_is_paid_for():
    assert fisher_pvalue(0.01, 0.01) < 0.01
    assert 0.001 < fisher_pvalue(0.001, 0.8) < 0.01


@pytest.mark.parametrize("bad", [0.0, -0.1, 1.1, float("nan")])
def test_what_is_not_a_p_value_is_our_mistake(bad):
    with pytest.raises(ValueError, match=r"lies in \(0, 1\]"):
        fisher_pvalue(0.5, bad)


def both(key, rng, n_documents=40, dependent=False):
    """One innocent audit: who is withheld follows from the key, and so do the coins."""
    score = rng.standard_t(3, n_documents)  # of the original texts: no coin went into them
    order = sorted(range(n_documents), key=lambda i: key.fraction("holdout", str(i)))
    withheld = np.isin(np.arange(n_documents), order[: n_documents // 4])
    preferences = rng.normal(size=(n_documents, 2)) * (1 + np.abs(score[:, None]))
    kept = np.flatnonzero(~withheld)
    table = ScoreTable(
        tuple(map(str, kept)), tuple(f"d{i}" for i in kept), np.full(len(kept), 2),
        preferences[kept] - preferences[kept].mean(1, keepdims=True), {}, {},
    )  # fmt: skip
    coins = redraw_test(table, key, alpha=0.05, n_resamples=199, seed=int(rng.integers(1 << 30)))
    seen = auroc(score[~withheld], score[withheld])
    null = []
    for _ in range(199):
        fresh = rng.permutation(withheld)
        null.append(auroc(score[~fresh], score[fresh]))
    held = (1 + np.count_nonzero(np.array(null) >= seen)) / 200
    return (coins.pvalue, coins.pvalue) if dependent else (coins.pvalue, held)


def combined(dependent=False):
    rng = np.random.default_rng(11)
    pairs = [both(Key(rng.bytes(32)), rng, dependent=dependent) for _ in range(600)]
    return np.array([fisher_pvalue(*pair) for pair in pairs])


def test_p_is_uniform_where_a_suspect_depends_on_neither():
    found = combined()
    assert kstest(found, "uniform").pvalue > 0.001
    assert binomtest(int((found <= 0.05).sum()), 600, 0.05, alternative="greater").pvalue > 0.001


def test_the_simulation_would_notice_two_values_that_hang_together():
    assert kstest(combined(dependent=True), "uniform").pvalue < 0.001


def noise_table(rng):
    score = rng.normal(size=(60, 2))
    return ScoreTable(
        tuple(map(str, range(60))), tuple(f"d{i}" for i in range(60)), np.full(60, 2),
        score - score.mean(1, keepdims=True), {}, {},
    )  # fmt: skip


def test_the_combined_test_says_both_p_values_and_keeps_what_they_assume():
    rng = np.random.default_rng(12)
    table = noise_table(rng)
    coins = redraw_test(table, Key(bytes(32)), alpha=0.05, n_resamples=999)
    scores = {"loss": rng.normal(size=40) + 1}, {"loss": rng.normal(size=10)}
    holdout = holdout_test(*scores, detectors=["loss"], alpha=0.05, n_resamples=999)
    found = combined_test(coins, holdout, table, alpha=0.05)
    assert found.pvalue == fisher_pvalue(coins.pvalue, holdout.pvalue)
    assert f"p = {holdout.pvalue:.2g}" in found.basis
    assert coins.assumption in found.assumption
    assert holdout.assumption in found.assumption
    assert found.detectors == ("loss",)


def test_with_too_few_resamples_for_the_level_nothing_would_have_been_seen():
    rng = np.random.default_rng(13)
    table = noise_table(rng)
    coins = redraw_test(table, Key(bytes(32)), alpha=0.2, n_resamples=99)
    scores = {"loss": rng.normal(size=40)}, {"loss": rng.normal(size=10)}
    holdout = holdout_test(*scores, detectors=["loss"], alpha=0.2, n_resamples=99)
    assert np.isfinite(combined_test(coins, holdout, table, alpha=0.2).detectable_effect)
    # The smallest combination of two p-values of 1/100 is 0.001.
    assert np.isinf(combined_test(coins, holdout, table, alpha=1e-6).detectable_effect)
