import numpy as np
import pytest

from membership.traces import builder
from membership.traces.builder import text_blocks, trace_builders
from membership.traces.candidate_tokens import NOT_A_NUMBER
from membership.traces.tokens import Tokens, which_scored
from membership.traces.trace import COLUMNS, Query, Slot
from membership.traces.windows import Window

SLOT = Slot(2, "b", ("b", "c"))


class Letters:
    """A tokenizer whose tokens are letters; the letter `z` is special."""

    def encode(self, texts):
        return [
            Tokens(
                np.array([ord(letter) for letter in text], np.int32),
                np.array([(i, i + 1) for i in range(len(text))], np.int32).reshape(-1, 2),
            )
            for text in texts
        ]

    def scored(self, tokens):
        return which_scored(tokens, frozenset({ord("z")}), start=())


def build(*queries):
    return [each for block in trace_builders(queries, Letters()) for each in block]


def columns(*logprobs):
    values = np.array(logprobs, np.float32)
    return dict.fromkeys(COLUMNS, values) | {"rank": np.arange(len(values), dtype=np.int32)}


def test_two_windows_make_one_trace_without_the_first_and_special_tokens():
    (made,) = build(Query("abzcd"))
    first, second = Window(0, 0, 3, 0), Window(0, 1, 5, 3)
    assert made.positions(first).tolist() == [1]  # a has no left context, z is special
    assert made.positions(second).tolist() == [3, 4]
    made.fill(second, columns(-3.0, -4.0))
    made.fill(first, columns(-1.0))
    trace = made.trace()
    assert bytes(trace.token_ids.tolist()).decode() == "bcd"
    assert trace.logprob.tolist() == [-1.0, -3.0, -4.0]
    assert trace.rank.tolist() == [0, 0, 1]
    assert trace.spans.tolist() == [[1, 2], [3, 4], [4, 5]]
    assert trace.unscored_start == (ord("a"),)


def test_a_slot_is_read_in_the_window_that_scores_it():
    (made,) = build(Query("a b d", (SLOT,)))
    first, second = Window(0, 0, 2, 0), Window(0, 1, 5, 2)
    assert made.choices(first) == []
    ((slot, choice),) = made.choices(second)
    assert (slot, choice.position) == (0, 2)
    assert bytes(choice.token_ids).decode() == "bc"
    made.read(slot, np.array([-1.0, -2.0]))
    (reading,) = made.trace().candidate_logprobs
    assert (reading.logprob.tolist(), reading.reason) == ([-1.0, -2.0], "")


def test_a_value_that_is_no_number_is_not_read():
    (made,) = build(Query("a b d", (SLOT,)))
    made.read(0, np.array([-1.0, np.nan]))
    (reading,) = made.trace().candidate_logprobs
    assert np.isnan(reading.logprob).all()
    assert reading.reason == NOT_A_NUMBER


def test_an_empty_text_has_an_empty_trace():
    (made,) = build(Query(""))
    trace = made.trace()
    assert len(trace.logprob) == 0
    assert trace.unscored_start == ()


@pytest.mark.parametrize("block", [1, 4, 1 << 20])
def test_blocks_change_no_index(monkeypatch, block):
    monkeypatch.setattr(builder, "_BLOCK", block)
    made = build(*(Query(text) for text in ("abc", "d", "", "efgh", "i")))
    assert [each.index for each in made] == [0, 1, 2, 3, 4]
    assert [len(each.tokens) for each in made] == [3, 1, 0, 4, 1]


def test_blocks_have_every_query_once_in_order_and_end_when_they_are_large(monkeypatch):
    monkeypatch.setattr(builder, "_BLOCK", 4)
    queries = [Query(text) for text in ("abc", "d", "", "efgh", "i")]
    assert list(text_blocks(queries)) == [range(2), range(2, 4), range(4, 5)]
    assert list(text_blocks([])) == []


def test_a_slot_in_the_left_context_of_a_later_window_is_not_read_there():
    (made,) = build(Query("a b d", (SLOT,)))
    first, second = Window(0, 0, 3, 0), Window(0, 1, 5, 3)
    assert len(made.choices(first)) == 1
    assert made.choices(second) == []
