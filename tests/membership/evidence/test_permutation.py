from itertools import combinations

import numpy as np
import pytest

from membership.evidence.permutation import auroc, compare
from membership.evidence.result import monte_carlo_pvalue
from watermark.errors import PrerequisiteError

GROUPS = ("published", "withheld")


def run(inside, outside, detectors=("d",), n_resamples=9_999):
    ours, theirs = (
        {name: np.array(scores, dtype=float) for name, scores in group.items()}
        for group in (inside, outside)
    )
    return compare(ours, theirs, detectors, groups=GROUPS, n_resamples=n_resamples, seed=0)


def test_auroc_by_hand():
    # Pairs (3, 1), (3, 2), (2, 1) are won and (2, 2) is tied: 3.5 of 4.
    assert auroc(np.array([3.0, 2.0]), np.array([1.0, 2.0])) == 3.5 / 4
    assert auroc(np.array([1.0]), np.array([2.0, 3.0])) == 0.0  # is not flipped


def test_p_is_the_share_of_all_splits():
    # The 3 highest of 6: one of the C(6, 3) = 20 splits has an AUROC of 1.
    found = run({"d": [4, 5, 6]}, {"d": [1, 2, 3]}, n_resamples=99_999)
    assert found.statistic == 1.0
    assert found.pvalue == pytest.approx(1 / 20, abs=0.003)


def test_the_largest_auroc_is_compared_with_the_largest_of_each_split():
    rng = np.random.default_rng(5)
    table = rng.normal(size=(2, 7)) + np.array([[1.0] * 4 + [0.0] * 3, [0.0] * 7])
    inside, outside = ({"a": t[0], "b": t[1]} for t in (table[:, :4], table[:, 4:]))
    found = run(inside, outside, ("a", "b"), n_resamples=99_999)
    largest = []
    for chosen in combinations(range(7), 4):
        rest = [i for i in range(7) if i not in chosen]
        largest.append(max(auroc(row[list(chosen)], row[rest]) for row in table))
    assert found.statistic == max(auroc(inside[d], outside[d]) for d in "ab")
    exact = np.mean(np.array(largest) >= found.statistic - 1e-12)
    assert found.pvalue == pytest.approx(exact, abs=0.006)
    assert min(found.adjusted.values()) == found.pvalue
    for name, value in found.aurocs.items():
        assert found.adjusted[name] == monte_carlo_pvalue(value, found.null)


def test_a_document_that_one_detector_did_not_score_is_left_out_for_all():
    nan = np.nan
    inside = {"a": [3, 9, 4], "b": [3, nan, 4]}
    outside = {"a": [1, 2, nan], "b": [1, 2, 8]}
    found = run(inside, outside, ("a", "b"))
    assert (found.n_inside, found.n_outside, found.n_unscored) == (2, 2, 2)
    assert found.aurocs == {"a": 1.0, "b": 1.0}


def test_a_group_of_one_is_refused_with_the_counts():
    with pytest.raises(PrerequisiteError, match="got 3 published and 1 withheld"):
        run({"d": [1, 2, 3]}, {"d": [1, np.nan]})


def test_nothing_is_detectable_where_even_the_best_split_is_too_likely():
    small = run({"d": [4, 5, 6]}, {"d": [1, 2, 3]})
    assert small.detectable(0.06) < np.inf  # 1 / 20 is below it
    assert small.detectable(0.05) == np.inf  # half of all samples have more than 1 / 20


def test_what_is_detectable_follows_from_the_spread_of_the_permutations():
    rng = np.random.default_rng(6)
    found = run({"d": rng.normal(size=8)}, {"d": rng.normal(size=8)}, n_resamples=99_999)
    quantiles = 1.6449 + 0.8416  # of the normal distribution, for 5 % and for 20 %
    assert found.detectable(0.05) - 0.5 == pytest.approx(quantiles * found.null.std(), rel=0.01)
