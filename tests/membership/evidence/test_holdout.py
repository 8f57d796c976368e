import itertools

import numpy as np
import pytest
from scipy.stats import kstest, mannwhitneyu

from membership.evidence.holdout import holdout_test
from membership.evidence.permutation import auroc
from watermark.errors import PrerequisiteError


def split(scores, withheld):
    inside = {name: np.delete(row, withheld) for name, row in scores.items()}
    outside = {name: row[withheld] for name, row in scores.items()}
    return inside, outside


def test_auroc_by_hand_with_a_tie():
    # pairs: 3>1, 3>2, 2>1 are won, 2=2 is half a win: 3.5 of 4
    assert auroc(np.array([3.0, 2.0]), np.array([1.0, 2.0])) == 3.5 / 4


def test_auroc_below_one_half_stays_there():
    assert auroc(np.array([0.0, 1.0]), np.array([2.0, 3.0])) == 0.0


def test_p_agrees_with_the_exact_mann_whitney_test():
    rng = np.random.default_rng(0)
    inside, outside = rng.normal(0.5, 1, 12), rng.normal(0, 1, 8)
    exact = mannwhitneyu(inside, outside, alternative="greater", method="exact").pvalue
    found = holdout_test({"d": inside}, {"d": outside}, detectors=["d"], alpha=0.05)
    assert found.pvalue == pytest.approx(exact, abs=0.005)
    assert found.statistic == auroc(inside, outside)


def pvalues(detectors, n_resamples=999, *, fit=False):
    """200 random hold-outs of one fixed set of scores, with heavy tails and ties."""
    rng = np.random.default_rng(5)
    common = rng.standard_t(1, 60)
    scores = {d: np.round(common + rng.standard_t(1, 60), 1) for d in detectors}
    found = []
    for seed in range(200):
        inside, outside = split(scores, rng.choice(60, 12, replace=False))
        if fit:  # broken on purpose: each time the detector that does best on these labels
            best = max(detectors, key=lambda d: auroc(inside[d], outside[d]))
            use = [best]
        else:
            use = list(detectors)
        result = holdout_test(
            inside, outside, detectors=use, alpha=0.05, n_resamples=n_resamples, seed=seed
        )
        found.append(result.pvalue)
    return np.array(found)


def test_p_is_uniform_over_random_holdouts():
    assert kstest(pvalues(["a"]), "uniform").pvalue > 0.01


def test_p_is_uniform_for_the_maximum_over_detectors():
    assert kstest(pvalues(list("abcdef")), "uniform").pvalue > 0.01


def test_the_uniformity_test_fails_for_the_best_of_several_detectors():
    assert kstest(pvalues(list("abcdef"), fit=True), "uniform").pvalue < 0.001


def test_every_split_of_a_small_corpus_is_equally_likely():
    scores = {"d": np.array([0.0, 1.0, 2.0, 3.0, 4.0])}
    inside, outside = split(scores, [0, 1])
    result = holdout_test(inside, outside, detectors=["d"], alpha=0.05, n_resamples=9_999)
    sums = [sum(pair) for pair in itertools.combinations(range(1, 6), 2)]
    share = np.mean([s <= 3 for s in sums])  # one split in ten withholds the two lowest
    assert result.pvalue == pytest.approx(share, abs=0.015)


def test_the_detectable_effect_is_detected_four_times_in_five():
    rng = np.random.default_rng(2)
    probe = holdout_test(
        {"d": rng.normal(size=200)},
        {"d": rng.normal(size=40)},
        detectors=["d"],
        alpha=0.01,
        n_resamples=999,
    )
    from scipy.stats import norm

    shift = 2**0.5 * norm.ppf(probe.detectable_effect)
    found = 0
    for seed in range(200):
        inside, outside = rng.normal(shift, 1, 200), rng.normal(size=40)
        found += (
            holdout_test(
                {"d": inside},
                {"d": outside},
                detectors=["d"],
                alpha=0.01,
                n_resamples=999,
                seed=seed,
            ).pvalue
            <= 0.01
        )
    assert 0.68 < found / 200 < 0.92


def test_documents_without_a_score_are_left_out_and_counted():
    inside = {"d": np.array([3.0, np.nan, 4.0])}
    outside = {"d": np.array([1.0, 2.0, np.nan])}
    result = holdout_test(inside, outside, detectors=["d"], alpha=0.05, n_resamples=99)
    assert (result.details["n_published"], result.details["n_withheld"]) == (2, 2)
    assert result.details["n_unscored"] == 2


def test_a_group_of_one_is_refused():
    with pytest.raises(PrerequisiteError, match="got 3 published and 1 withheld"):
        holdout_test({"d": np.arange(3.0)}, {"d": np.arange(1.0)}, detectors=["d"], alpha=0.05)


def test_where_no_p_is_small_enough_nothing_would_have_been_seen():
    # 18 and 2 documents can be dealt in 190 ways, so no p is below 1 / 190.
    scores = {"loss": np.arange(18.0)}, {"loss": np.array([-1.0, -2.0])}
    result = holdout_test(*scores, detectors=["loss"], alpha=0.001)
    assert result.pvalue > 0.001
    assert np.isinf(result.detectable_effect)
