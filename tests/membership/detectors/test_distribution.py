"""Detectors that are a mean of one column of the trace."""

import numpy as np
import pytest

from membership.detectors.entropy import Entropy
from membership.detectors.log_rank import LogRank
from membership.detectors.loss import Loss, Perplexity
from membership.detectors.max_k import MaxK
from membership.detectors.min_k import MinK
from membership.detectors.surprise_gap import SurpriseGap
from tests.support.traces import GOLDEN, trace_of
from watermark.document import Document

DOCUMENT = Document("a", "text")


def score(detector, logprob=GOLDEN, **columns):
    return detector.score(DOCUMENT, [trace_of(logprob, **columns)])


def test_the_golden_vectors():
    assert score(Loss()) == pytest.approx(-2.533912361898353, rel=1e-12)
    assert score(Perplexity()) == pytest.approx(-np.exp(2.533912361898353), rel=1e-12)
    assert score(MaxK(0.5)) == pytest.approx(-0.3349481318671177, rel=1e-12)


def test_perplexity_is_the_number_of_equally_likely_words():
    assert score(Perplexity(), np.log([0.25] * 5)) == pytest.approx(-4)


def test_max_k_is_the_mean_of_the_most_likely_and_keeps_at_least_one():
    assert score(MaxK(0.5), [-1.0, -4.0, -2.0, -3.0]) == -1.5
    assert score(MaxK(0.2), [-1.0, -4.0, -2.0, -3.0]) == -1.0  # int(0.2 * 4) is 0


def test_max_k_and_min_k_have_the_names_that_they_earn():
    # In one port the losses are sorted instead of the log-probabilities: its Min-K is Max-K.
    assert score(MaxK()) > score(Loss()) > score(MinK())


def test_max_k_tells_an_unusual_share_and_refuses_none():
    assert (MaxK().name, MaxK(0.05).name) == ("max_k", "max_k_0.05")
    with pytest.raises(ValueError, match="share"):
        MaxK(0)


def test_entropy_is_a_mean_over_tokens_with_its_sign_turned():
    assert score(Entropy(), [-1.0, -2.0], mean=[-0.5, -1.5]) == -1.0


def test_a_rank_of_0_in_a_trace_is_rank_1():
    assert score(LogRank(), [-1.0, -2.0], rank=[0, 3]) == pytest.approx(-np.log(4) / 2)


def test_surprise_gap_is_nothing_for_the_surprise_that_was_expected():
    assert score(SurpriseGap(), [-1.0, -3.0], mean=[-2.0, -2.0]) == 0
    assert score(SurpriseGap(), [-1.0, -3.0], mean=[-1.0, -2.0]) == -0.5
