import numpy as np
import pytest
from scipy.stats import kstest

from membership.evidence.conformal import conformal_pvalues, select
from watermark.errors import PrerequisiteError


def test_by_hand_with_ties_and_a_missing_score():
    control = np.array([1.0, 2.0, 2.0, np.nan])
    found = conformal_pvalues(np.array([3.0, 2.0, 0.0, np.nan]), control)
    np.testing.assert_array_equal(found, [1 / 4, 3 / 4, 1, np.nan])


def test_p_is_uniform_for_a_document_that_was_not_trained_on():
    rng = np.random.default_rng(0)
    found = [conformal_pvalues(rng.standard_t(1, 1), rng.standard_t(1, 99))[0] for _ in range(2000)]
    assert kstest(found, "uniform").pvalue > 0.01


def test_the_share_of_wrong_ones_in_the_list_is_kept_on_average():
    rng = np.random.default_rng(0)
    shares, found = [], 0
    for _ in range(300):
        scores = np.concatenate([rng.normal(3, 1, 20), rng.normal(0, 1, 80)])
        selected = select(scores, rng.normal(0, 1, 500), level=0.2).selected
        shares.append(selected[20:].sum() / max(1, selected.sum()))
        found += selected[:20].sum()
    assert np.mean(shares) < 0.2  # the theorem says at most 0.16, the share of true nulls less
    assert found / (300 * 20) > 0.6


def test_too_few_control_documents_select_nothing():
    # The least p is 1/4, and 0.1 would be needed.
    found = select(np.array([9.0, 9.0]), np.zeros(3), level=0.1)
    assert not found.selected.any()
    assert (found.pvalues.tolist(), found.n_calibration) == ([0.25, 0.25], 3)


def test_a_document_without_a_score_is_never_selected():
    found = select(np.array([np.nan, 9.0]), np.zeros(99), level=0.1)
    assert found.selected.tolist() == [False, True]
    assert not select(np.array([np.nan]), np.zeros(9), level=0.1).selected.any()


def test_what_is_no_level_and_no_control_is_refused():
    with pytest.raises(ValueError, match="level"):
        select(np.zeros(1), np.zeros(9), level=1.0)
    with pytest.raises(PrerequisiteError, match="got none"):
        select(np.zeros(1), np.array([np.nan]), level=0.1)
