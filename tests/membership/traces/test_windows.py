import pytest
from hypothesis import given
from hypothesis import strategies as st

from membership.traces.windows import Window, cut_windows, form_batches


def test_a_text_that_fits_is_one_window():
    assert list(cut_windows(3, 10, 10)) == [Window(3, 0, 10, 0)]


def test_a_long_text_by_hand():
    # Room for 6: windows begin 3 apart; the first scores 0-5, the next 6-8, the last what is left.
    assert list(cut_windows(0, 10, 6)) == [
        Window(0, 0, 6, 0),
        Window(0, 3, 9, 6),
        Window(0, 6, 10, 9),
    ]


def test_nothing_has_no_window():
    assert list(cut_windows(0, 0, 6)) == []


@given(st.integers(0, 300), st.integers(2, 40))
def test_every_token_is_scored_once_with_half_a_window_to_its_left(n_tokens, room):
    scored: list[int] = []
    for window in cut_windows(0, n_tokens, room):
        assert window.stop - window.start <= room
        assert window.start <= window.first < window.stop
        assert window.first - window.start >= min(window.first, room // 2)
        scored += range(window.first, window.stop)
    assert scored == list(range(n_tokens))


def windows_of(lengths):
    return [Window(n, 0, length, 0) for n, length in enumerate(lengths)]


@given(st.lists(st.integers(1, 50), max_size=60), st.integers(1, 200))
def test_every_window_is_in_one_batch_and_no_batch_is_too_large(lengths, budget):
    batches = list(form_batches(windows_of(lengths), budget))
    assert sorted(w.document for batch in batches for w in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(w.stop for w in batch) <= budget


def test_batches_are_full_and_the_longest_come_first():
    batches = list(form_batches(windows_of([2, 9, 5, 4, 9]), 20))
    assert [[w.document for w in batch] for batch in batches] == [[1, 4], [2, 3, 0]]


def test_the_batches_follow_from_the_list_alone():
    windows = windows_of([3, 8, 3, 8, 1])
    assert list(form_batches(windows, 16)) == list(form_batches(list(windows), 16))


@pytest.mark.parametrize("budget", [1, 5])
def test_a_window_larger_than_the_budget_goes_alone(budget):
    assert [len(b) for b in form_batches(windows_of([7, 7]), budget)] == [1, 1]
