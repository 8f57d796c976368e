from dataclasses import replace

import numpy as np
import pytest

from membership.detectors.min_k_plus_plus import MinKPlusPlus
from tests.support.traces import GOLDEN, trace_of
from watermark.document import Document

DOCUMENT = Document("a", "text")
MEAN = [-1.2, -2, -0.5, -3, -2.5, -4, -1, -2.2]
STD = [1, 1.5, 0.8, 2, 1.2, 2.5, 0.9, 1.4]


@pytest.mark.parametrize(("k", "golden"), [(0.2, -2.084136148790473), (0.5, -0.8191124495057269)])
def test_the_golden_vector(k, golden):
    trace = trace_of(GOLDEN, mean=MEAN, std=STD)
    assert MinKPlusPlus(k).score(DOCUMENT, [trace]) == pytest.approx(golden, rel=1e-12)


def test_one_token_by_hand():
    trace = trace_of([-1.0], mean=-4.0, std=2.0)
    assert MinKPlusPlus().score(DOCUMENT, [trace]) == 1.5  # (-1 + 4) / 2


def test_where_the_model_is_certain_z_is_zero():
    # A z of 1 at the other token: the certain one is the lowest, and it is 0, not -inf or NaN.
    trace = trace_of([-1e-9, -1.0], mean=[-1e-9, -2.0], std=[0.0, 1.0])
    assert MinKPlusPlus(0.5).score(DOCUMENT, [trace]) == 0.0
    assert MinKPlusPlus(1.0).score(DOCUMENT, [trace]) == 0.5


def test_it_is_not_min_k_of_z_over_the_lowest_log_probabilities():
    # The least probable token has the higher z: it was less surprising there than the other.
    trace = trace_of([-9.0, -3.0], mean=[-9.0, -1.0], std=[1.0, 1.0])
    assert MinKPlusPlus(0.5).score(DOCUMENT, [trace]) == -2.0


def test_float32_statistics_are_subtracted_in_float64():
    logprob, mean, std = np.array([[-0.1], [-7.3], [1.7]], dtype=np.float32)
    single = replace(trace_of([0.0]), logprob=logprob, mean=mean, std=std)
    exact = (logprob.item() - mean.item()) / std.item()
    assert MinKPlusPlus().score(DOCUMENT, [single]) == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize("k", [0.0, 1.1])
def test_what_is_no_share_is_refused(k):
    with pytest.raises(ValueError, match="share"):
        MinKPlusPlus(k)


def test_the_name_tells_an_unusual_share():
    names = MinKPlusPlus().name, MinKPlusPlus(0.05).name
    assert names == ("min_k_plus_plus", "min_k_plus_plus_0.05")


def test_a_deviation_that_is_rounding_error_is_certainty():
    assert MinKPlusPlus().score(DOCUMENT, [trace_of([-1.0], mean=-2.0, std=1e-7)]) == 0.0
    assert MinKPlusPlus().score(DOCUMENT, [trace_of([-1.0], mean=-2.0, std=1e-5)]) != 0.0
