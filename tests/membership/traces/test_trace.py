from membership.traces.trace import scored_text
from tests.support.traces import trace_of


def test_the_scored_text_runs_from_the_first_span_to_the_last():
    text = "one two three"
    assert scored_text(text, trace_of([-1.0, -1.0], spans=[(4, 7), (8, 13)])) == "two three"


def test_tokens_that_share_a_character_do_not_cut_it():
    assert scored_text("ab", trace_of([-1.0, -1.0], spans=[(0, 2), (0, 2)])) == "ab"


def test_nothing_scored_is_no_text():
    assert scored_text("one", trace_of([], spans=[])) == ""
