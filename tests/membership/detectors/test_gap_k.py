import numpy as np
import pytest

from membership.detectors.gap_k import GapK
from tests.support.traces import trace_of
from watermark.document import Document

DOCUMENT = Document("a", "text")


def score(logprob, top1, std=1.0):
    return GapK().score(DOCUMENT, [trace_of(logprob, top1=top1, std=std)])


def test_by_hand():
    # Gaps 0, -2, -4, 0, -1 in deviations of 0.5: 0, -4, -8, 0, -2.
    # Windows of three: -4, -4, -10/3; a fifth of three windows rounds to 0, so one is kept.
    found = score([-1, -3, -5, -1, -2], [-1, -1, -1, -1, -1], 0.5)
    assert found == pytest.approx(-4)


def test_a_document_shorter_than_the_window_is_taken_token_by_token():
    assert score([-1.0, -3.0], [-1.0, -1.0]) == -2


def test_where_the_model_is_certain_there_is_no_gap():
    assert score([-3.0], [0.0], 1e-9) == 0


def test_it_is_the_gap_to_the_first_choice_and_not_to_the_mean():
    trace = trace_of([-3.0], top1=[-0.5], mean=-3.0, std=1.0)
    assert GapK().score(DOCUMENT, [trace]) == -2.5


def test_settings_show_in_the_name_and_are_checked():
    assert (GapK().name, GapK(0.1, 5).name) == ("gap_k", "gap_k_0.1_5")
    with pytest.raises(ValueError, match="window"):
        GapK(window=0)
    with pytest.raises(ValueError, match="share"):
        GapK(k=2)


def test_the_share_is_of_windows():
    logprob = -np.arange(12.0)
    windows = [np.mean([-i, -i - 1, -i - 2]) for i in range(10)]
    assert score(logprob, np.zeros(12)) == pytest.approx(np.mean(sorted(windows)[:2]))


def test_a_document_of_three_tokens_is_one_window():
    assert score([-1.0, -2.0, -6.0], [-1.0, -1.0, -1.0]) == pytest.approx(-2)  # (0 + 1 + 5) / 3
