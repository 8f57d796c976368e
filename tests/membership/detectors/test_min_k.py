import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from membership.detectors.loss import Loss
from membership.detectors.min_k import MinK
from tests.support.traces import GOLDEN, trace_of
from watermark.document import Document

DOCUMENT = Document("a", "text")


def score(k, logprob):
    return MinK(k).score(DOCUMENT, [trace_of(logprob)])


def test_the_mean_of_the_two_least_likely_of_ten():
    probs = [0.9, 0.01, 0.8, 0.7, 0.04, 0.6, 0.5, 0.4, 0.3, 0.2]
    assert score(0.2, np.log(probs)) == pytest.approx(np.log(0.02))  # sqrt(0.01 * 0.04)


@pytest.mark.parametrize(("k", "golden"), [(0.2, -9.210340371976182), (0.5, -4.732876591929589)])
def test_the_golden_vector(k, golden):
    assert score(k, GOLDEN) == pytest.approx(golden, rel=1e-12)


def test_at_least_one_token_is_kept():
    assert score(0.2, [-1.0, -4.0, -2.0, -3.0]) == -4.0  # int(0.2 * 4) is 0


def test_the_share_is_rounded_down():
    assert score(0.5, [-1.0, -4.0, -2.0]) == -4.0


def test_all_tokens_are_the_loss():
    assert score(1.0, GOLDEN) == pytest.approx(Loss().score(DOCUMENT, [trace_of(GOLDEN)]))


@given(st.lists(st.floats(-50, 0), min_size=1, max_size=40), st.floats(0.01, 1))
def test_it_is_the_mean_of_the_sorted_beginning(logprob, k):
    kept = max(1, int(k * len(logprob)))
    assert score(k, logprob) == pytest.approx(np.mean(sorted(logprob)[:kept]))


@pytest.mark.parametrize("k", [0.0, -0.1, 1.1, float("nan")])
def test_what_is_no_share_is_refused(k):
    with pytest.raises(ValueError, match="share"):
        MinK(k)


def test_the_name_tells_an_unusual_share():
    assert (MinK().name, MinK(0.05).name) == ("min_k", "min_k_0.05")
