import numpy as np
import pytest

from pipelines.jobs.stealth import blind_classifier_auc, outliers


def test_marks_that_are_everywhere_are_found_and_none_are_not():
    rng = np.random.default_rng(0)
    texts = [" ".join(rng.choice(list("abcdefgh"), 12)) for _ in range(60)]
    found = blind_classifier_auc(texts, [text + " zz" for text in texts])
    assert found is not None
    assert found > 0.99
    none = blind_classifier_auc(texts, texts)
    assert none == pytest.approx(0.5)
    assert blind_classifier_auc(texts[:9], texts[:9]) is None


def test_outliers_by_hand():
    # of the 4 x 4 pairs the marked one is larger in 6 and equal in 4
    found = outliers([1, 2, 3, 4], [1, 2, 3, 4])
    assert found == {"auroc": 0.5, "far_out": 0.25 * 1}
    assert outliers([1, 2, 3, 4], [5, 5, 1, 1])["auroc"] == (2 * 4 + 2 * 0.5) / 16
    assert outliers([1, 2, 3, 4], [5, 5, 1, 1])["far_out"] == 0.5
