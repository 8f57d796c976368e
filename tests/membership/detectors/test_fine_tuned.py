"""Detectors that compare a fine-tuned model with its base: WBC and EZ."""

import numpy as np
import pytest

from membership.detector import UnscoredError
from membership.detectors.ez import Ez
from membership.detectors.window_comparison import WindowComparison
from tests.support.traces import trace_of
from watermark.document import Document

DOCUMENT = Document("a", "text")


def score(detector, suspect, reference, rank=None):
    ranks = np.ones(len(suspect)) if rank is None else rank
    traces = [trace_of(suspect, rank=ranks), trace_of(reference)]
    return detector.score(DOCUMENT, traces)


def test_windows_won_by_hand():
    # Gains 1, -3, 1, 1. Windows of 2: -2, -2, 2; of 3: -1, -1. Longer ones do not fit, or lose.
    found = score(WindowComparison(), [-1, -6, -2, -2], [-2, -3, -3, -3])
    assert found == pytest.approx(np.mean([1 / 3, 0, 0]))


def test_one_token_that_both_hate_does_not_decide():
    suspect, reference = np.full(30, -2.0), np.full(30, -2.5)
    suspect[0] = -60
    assert suspect.sum() < reference.sum()
    assert score(WindowComparison(), suspect, reference) > 0.8


def test_the_same_model_wins_no_window():
    assert score(WindowComparison(), [-1.0, -2.0, -3.0], [-1.0, -2.0, -3.0]) == 0


def test_a_single_token_has_no_window():
    with pytest.raises(UnscoredError, match="fewer than 2 tokens"):
        score(WindowComparison(), [-1.0], [-2.0])


def test_gain_over_all_change_at_wrong_predictions():
    # The last token is predicted and does not count.
    assert score(Ez(), [-1, -4, -0.1], [-4, -3, -9], [2, 5, 0]) == 3 / 4


def test_no_loss_at_all_is_the_strongest_evidence():
    # The official code divides by it, and gives 0 instead.
    assert score(Ez(), [-1.0, -2.0], [-4.0, -3.0]) == 1


def test_no_change_is_one_half_and_no_error_is_no_score():
    assert score(Ez(), [-1.0], [-1.0]) == 0.5
    with pytest.raises(UnscoredError, match="predicts every token"):
        score(Ez(), [-1.0], [-2.0], [0])


@pytest.mark.parametrize("detector", [WindowComparison(), Ez()])
def test_other_tokens_cannot_be_compared(detector):
    traces = [trace_of([-1.0, -2.0], ids=[1, 2], rank=[1, 1]), trace_of([-1.0, -2.0], ids=[1, 3])]
    with pytest.raises(UnscoredError, match="other tokens"):
        detector.score(DOCUMENT, traces)
