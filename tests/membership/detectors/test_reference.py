import pytest

from membership.detector import UnscoredError
from membership.detectors.loss import Loss
from membership.detectors.min_k_plus_plus import MinKPlusPlus
from membership.detectors.reference import MinusReference
from tests.support.traces import trace_of
from watermark.document import Document

DOCUMENT = Document("a", "eight by")


def test_the_suspect_comes_first():
    traces = [trace_of([-1.0, -2.0]), trace_of([-3.0, -4.0])]
    assert MinusReference(Loss()).score(DOCUMENT, traces) == 2.0
    roles = [query.role for query in MinusReference(Loss()).queries(DOCUMENT)]
    assert roles == ["suspect", "reference"]


def test_other_tokens_are_not_compared_token_by_token():
    traces = [trace_of([-1.0, -2.0]), trace_of([-1.0, -2.0], ids=[0, 7])]
    with pytest.raises(UnscoredError, match="per byte"):
        MinusReference(Loss()).score(DOCUMENT, traces)


def test_with_other_tokens_the_loss_is_the_sum_over_the_bytes():
    # 8 bytes: -6 in two tokens of the one, -8 in four of the other.
    traces = [trace_of([-2.0, -4.0], DOCUMENT.text), trace_of([-2.0] * 4, DOCUMENT.text)]
    assert MinusReference(Loss(), "byte").score(DOCUMENT, traces) == -6 / 8 + 8 / 8


def test_bytes_are_counted_not_characters():
    text = "żó"  # two bytes each
    traces = [trace_of([-2.0, -4.0], text), trace_of([-2.0], text)]
    assert MinusReference(Loss(), "byte").score(Document("a", text), traces) == -6 / 4 + 2 / 4


def test_only_the_scored_bytes_count():
    one, other = trace_of([-4.0], spans=[[4, 8]]), trace_of([-4.0], spans=[[0, 8]])
    assert MinusReference(Loss(), "byte").score(DOCUMENT, [one, other]) == -4 / 4 + 4 / 8


def test_z_scores_have_no_unit():
    detector = MinKPlusPlus(1.0)
    traces = [trace_of([-2.0, -4.0], DOCUMENT.text), trace_of([-2.0] * 4, DOCUMENT.text)]
    plain = detector.score(DOCUMENT, traces[:1]) - detector.score(DOCUMENT, traces[1:])
    assert MinusReference(detector, "byte").score(DOCUMENT, traces) == pytest.approx(plain)


def test_a_detector_is_put_into_a_unit_only_if_it_compares():
    assert MinusReference(Loss()).in_unit("byte") == MinusReference(Loss(), "byte")
    assert Loss().in_unit("byte") == Loss()


def test_the_name_tells_the_unit():
    assert MinusReference(Loss()).name == "loss_minus_reference"
    assert MinusReference(Loss(), "byte").name == "loss_minus_reference_per_byte"
