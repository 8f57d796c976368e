from itertools import product

import numpy as np
import pytest
from scipy.stats import binomtest, kstest

from membership.evidence.twin import twin_test
from watermark.errors import PrerequisiteError


def run(scores, published, **options):
    options = {"detector": "loss", "alpha": 0.2, "n_resamples": 9_999, **options}
    names = [f"d{i}" for i in range(len(scores))]
    return twin_test(names, [np.array(s, dtype=float) for s in scores], published, **options)


def test_three_documents_of_two_versions_by_hand():
    # Differences 2, 2 and -1: centred +-1, +-1, +-.5. T = 1 + 1 - .5. Of the 8 sign patterns
    # 1.5 is reached by (1, 1, -.5) and (1, 1, .5).
    result = run([[3, 1], [0, 2], [1, 0]], [0, 1, 1], n_resamples=99_999)
    assert result.statistic == pytest.approx(1.5)
    assert result.pvalue == pytest.approx(2 / 8, abs=0.01)
    assert result.effect == pytest.approx(1.0)  # (2 + 2 - 1) / 3


def test_two_versions_are_the_sign_flip_test():
    rng = np.random.default_rng(1)
    scores = rng.normal(size=(8, 2))
    result = run(scores, [0] * 8, n_resamples=99_999)
    half = np.abs(scores[:, 0] - scores[:, 1]) / 2
    half = half.clip(max=3 * np.median(half))
    signs = np.array(list(product([-1, 1], repeat=8)))
    observed = float((half * np.sign(scores[:, 0] - scores[:, 1])).sum())
    exact = (signs @ half >= observed - 1e-12).mean()
    assert result.statistic == pytest.approx(observed)
    assert result.pvalue == pytest.approx(exact, abs=0.01)
    assert result.bound is not None
    assert result.bound >= exact - 1e-9


@pytest.mark.parametrize("n_versions", [2, 4])
def test_without_dependence_on_the_key_p_is_uniform_whatever_the_scores(n_versions):
    # Heavy tails, documents of very different scale, versions that differ systematically.
    rng = np.random.default_rng(7)
    scores = rng.standard_t(1.5, size=(40, n_versions)) * rng.lognormal(0, 2, size=(40, 1))
    scores[:, 0] += 3.0
    pvalues = [
        run(scores, rng.integers(0, n_versions, 40), n_resamples=999, seed=seed).pvalue
        for seed in range(200)
    ]
    assert kstest(pvalues, "uniform").pvalue > 0.001
    rejected = int(sum(p <= 0.05 for p in pvalues))
    assert binomtest(rejected, 200, 0.05, alternative="greater").pvalue > 0.001


def test_published_versions_that_score_higher_are_found():
    rng = np.random.default_rng(3)
    scores = rng.normal(size=(60, 4))
    scores[np.arange(60), 2] += 1.0
    assert run(scores, [2] * 60).pvalue == 1 / 10_000
    assert run(scores, [1] * 60).pvalue > 0.5


def test_a_document_with_an_unscored_version_or_without_a_difference_is_left_out():
    scores = [[1, 0], [np.nan, 9], [2, 2], [1, 0], [1, 0], [1, 0]]
    result = run(scores, [0] * 6)
    assert (result.details["n_documents"], result.details["n_left_out"]) == (4, 2)
    assert result.statistic == pytest.approx(2.0)


def test_too_few_documents_to_show_anything_are_refused():
    with pytest.raises(PrerequisiteError, match=r"no p below 0\.13"):
        run([[1, 0]] * 3, [0] * 3, alpha=0.1)
    with pytest.raises(PrerequisiteError, match="0 documents"):
        run([], [], alpha=0.1)


def test_a_document_counts_no_more_than_three_typical_ones():
    # Centred scores of +-0.5 four times and +-50 once: the median is 0.5, so 50 counts as 1.5.
    result = run([[1, 0]] * 4 + [[100, 0]], [0] * 5)
    assert result.statistic == pytest.approx(4 * 0.5 + 1.5)


def test_a_document_that_was_cut_to_size_has_mean_zero_again():
    # Scores 6, -3 and -3 are cut to 1.5, -1.5 and -1.5, whose mean is -0.5.
    result = run([[1, 0]] * 4 + [[9, 0, 0]], [0] * 5)
    assert result.statistic == pytest.approx(4 * 0.5 + 2.0)
