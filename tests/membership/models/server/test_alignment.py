import numpy as np
import pytest

from membership.models.server.alignment import LogprobAlignment, repeat_probe
from membership.models.server.probes import Cut
from membership.models.server.prompt_logprobs import Reply
from watermark.errors import ModelError

NAN = np.nan
REPLY = Reply(
    words=("a", " b", " c", " d"),
    ids=np.array([1, 2, 3, 4]),
    logprob=np.array([NAN, -1.0, -2.0, -3.0]),
    top1=np.array([NAN, -0.1, -0.2, -0.3]),
    rank=np.array([-1, 10, 20, 30]),
)


@pytest.mark.parametrize(
    ("shift", "logprob", "rank"),
    [
        (0, [NAN, -1.0, -2.0, -3.0], [-1, 10, 20, 30]),
        (1, [NAN, NAN, -1.0, -2.0], [-1, -1, 10, 20]),  # they came one token too early
        (-1, [-1.0, -2.0, -3.0, NAN], [10, 20, 30, -1]),  # one token too late
    ],
)
def test_values_move_to_their_tokens_and_leave_a_gap(shift, logprob, rank):
    moved = LogprobAlignment(shift).put_right(REPLY)
    np.testing.assert_array_equal(moved.logprob, logprob)
    np.testing.assert_array_equal(moved.top1, np.array(logprob) / 10)
    np.testing.assert_array_equal(moved.rank, rank)
    assert moved.words == REPLY.words


def test_the_given_reply_stays_as_it_is():
    before = REPLY.logprob.copy()
    LogprobAlignment(1).put_right(REPLY)
    np.testing.assert_array_equal(REPLY.logprob, before)


@pytest.mark.parametrize(
    ("alignment", "words"),
    [
        (LogprobAlignment(), "first token not scored"),
        (LogprobAlignment(0, True), "first token scored"),
        (LogprobAlignment(-1), "first token not scored, numbers moved by -1"),
    ],
)
def test_an_alignment_describes_itself(alignment, words):
    assert str(alignment) == words


@pytest.mark.parametrize(
    ("alignment", "has_number"),
    [
        (LogprobAlignment(), [False, True, True, True]),
        (LogprobAlignment(0, True), [True, True, True, True]),
        (LogprobAlignment(-1, True), [True, True, True, False]),
    ],
)
def test_the_first_token_has_a_number_only_after_a_start_token(alignment, has_number):
    assert alignment.has_number(REPLY).tolist() == has_number


def server(errors):
    """A server that writes " x", and reads it in each text with the next error, in nats."""
    left = iter(errors)

    def ask(prompt):
        words = prompt.split()
        n = len(words)
        read = np.full(n, -1.0)
        if "x" in words:
            read[words.index("x")] -= next(left)
        ids = np.array([sum(map(ord, word)) for word in words])
        return Reply(tuple(words), ids, read, read, np.zeros(n, dtype=int), " x", -1.0)

    return ask


@pytest.mark.parametrize(
    ("errors", "n_learnt"),
    [([0, 0, 9], 2), ([9, 0, 0, 0, 9], 4), ([9, 9, 0, 0, 0, 0, 9], 6)],
)
def test_numbers_that_are_off_by_chance_decide_nothing(errors, n_learnt):
    cuts = [Cut("the old", " town")] * 9
    assert repeat_probe(server(errors), cuts, LogprobAlignment(), "s") == n_learnt


@pytest.mark.parametrize("errors", [[9, 9, 9], [0, 9, 9, 9, 9]])
def test_a_server_that_disagrees_three_times_more_often_than_not_is_refused(errors):
    cuts = [Cut("the old", " town")] * 9
    with pytest.raises(ModelError, match=f"in {len(errors)} probes"):
        repeat_probe(server(errors), cuts, LogprobAlignment(), "s")
