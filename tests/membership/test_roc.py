import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from membership.roc import _bootstrap, separation
from watermark.errors import PrerequisiteError

RNG = np.random.default_rng


def found(scores, members, **options):
    return separation(np.array(scores, dtype=float), np.array(members, bool), rng=RNG(0), **options)


def test_by_hand_with_a_tie_and_a_missing_score():
    result = found([3, 2, np.nan, 1, 2], [1, 1, 1, 0, 0])
    assert result.auroc == 3.5 / 4
    assert (result.n_members, result.n_nonmembers, result.n_unscored) == (2, 2, 1)


def test_an_auroc_below_one_half_stays_there():
    assert found([0, 1, 2, 3], [1, 1, 0, 0]).auroc == 0


def test_the_rate_allowed_is_reached_and_never_passed():
    # 20 nonmembers, one of them above 3 of 4 members: at 5 % one false positive is allowed.
    scores = [9, 5, 5, 5, 7, *range(-19, 0)]
    members = [1, 1, 1, 1, 0, *[0] * 19]
    assert found(scores, members).tpr == {0.05: 1.0, 0.01: 0.25, 0.001: 0.25}


def test_the_interval_covers_the_truth_as_often_as_it_says():
    rng = RNG(1)
    covered = 0
    for _ in range(200):
        scores = np.concatenate([rng.normal(1, 1, 40), rng.normal(0, 1, 60)])
        result = separation(scores, np.arange(100) < 40, rng=rng, n_resamples=400)
        covered += result.low <= 0.7602 <= result.high  # Phi(1 / sqrt(2))
    assert 0.90 <= covered / 200 <= 0.99


def test_resamples_are_aurocs_of_documents_drawn_with_replacement():
    scores, members = np.array([3.0, 2.0, 1.0, 2.0]), np.array([True, True, False, False])
    draws = _bootstrap(scores, members, 4000, RNG(0))
    possible = set()
    for a in scores[:2]:
        for b in scores[:2]:
            for c in scores[2:]:
                for d in scores[2:]:
                    possible.add(float(roc_auc_score([1, 1, 0, 0], [a, b, c, d])))
    assert set(np.unique(draws)) == possible
    assert draws.mean() == pytest.approx(3.5 / 4, abs=0.01)


def test_a_group_without_scores_is_refused():
    with pytest.raises(PrerequisiteError, match="got 1 and 0"):
        found([1, np.nan], [1, 0])
