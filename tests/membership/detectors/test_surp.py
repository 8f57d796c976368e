import numpy as np
import pytest

from membership.detector import UnscoredError
from membership.detectors.surp import Surp
from tests.support.traces import trace_of
from watermark.document import Document

DOCUMENT = Document("a", "text")


def score(logprob, mean, k=0.4):
    return Surp(k).score(DOCUMENT, [trace_of(logprob, mean=mean)])


def test_unlikely_tokens_where_the_model_was_sure():
    # The two lowest of five are tokens 1 and 3; only 3 has an entropy below 2.
    assert score([-1, -9, -2, -7, -3], [-1, -3, -1, -1, -1]) == -7


def test_the_entropy_must_be_below_the_threshold():
    assert score([-1.0, -5.0, -6.0], [-1, -1.9, -2.0], 0.7) == -5


def test_at_least_one_token_is_among_the_unlikely():
    assert score([-3.0], [-1.0]) == -3  # int(0.4 * 1) is 0


def test_a_document_without_such_a_token_has_no_score():
    # A port gives it -100, the score of a text that nobody has seen.
    with pytest.raises(UnscoredError, match="no token is unlikely where"):
        score([-1.0, -5.0], [-1.0, -3.0], 0.5)


def test_settings_show_in_the_name_and_are_checked():
    assert (Surp().name, Surp(0.2, 1.5).name) == ("surp", "surp_0.2_1.5")
    with pytest.raises(ValueError, match="share"):
        Surp(0)


def test_ties_are_taken_in_the_order_of_the_text():
    assert score(np.array([-5.0, -5.0, -5.0, -1.0, -1.0]), [-1, -9, -1, -1, -1]) == -5
