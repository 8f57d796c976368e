from dataclasses import replace

import numpy as np
import pytest

from membership.detectors.loss import Loss
from tests.support.traces import GOLDEN, trace_of
from watermark.document import Document

DOCUMENT = Document("a", "text")


def test_the_mean_of_two():
    assert Loss().score(DOCUMENT, [trace_of([-1.0, -2.0])]) == -1.5


def test_the_golden_vector():
    score = Loss().score(DOCUMENT, [trace_of(GOLDEN)])
    assert score == pytest.approx(-2.533912361898353, rel=1e-12)


def test_float32_statistics_are_averaged_in_float64():
    # In float32 the sum of 100,000 terms of -1.1 is off in the sixth digit.
    trace = trace_of(np.full(100_000, -1.1))
    exact = float(np.float32(-1.1))
    single = replace(trace, logprob=trace.logprob.astype(np.float32))
    assert Loss().score(DOCUMENT, [single]) == pytest.approx(exact, rel=1e-12)
