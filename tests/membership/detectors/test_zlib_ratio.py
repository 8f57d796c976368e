import zlib

import pytest

from membership.detectors.zlib_ratio import ZlibRatio
from tests.support.traces import trace_of
from watermark.document import Document


def test_the_mean_over_the_compressed_size():
    text = "so on and so on and so on and so on"
    score = ZlibRatio().score(Document("a", text), [trace_of([-1.0, -3.0], text)])
    assert score == -2.0 / len(zlib.compress(text.encode()))


def test_only_the_scored_text_is_compressed():
    text = "not scored: six words stand in this text"
    scored = trace_of([-2.0], spans=[[12, len(text)]])
    score = ZlibRatio().score(Document("a", text), [scored])
    assert score == -2.0 / len(zlib.compress(b"six words stand in this text"))


def test_bytes_are_counted_not_characters():
    text = "żółć"
    score = ZlibRatio().score(Document("a", text), [trace_of([-2.0], text)])
    assert score == -2.0 / len(zlib.compress(text.encode()))


def test_a_lone_surrogate_does_no_harm():
    text = "a\ud800b"
    score = ZlibRatio().score(Document("a", text), [trace_of([-2.0], text)])
    assert score == pytest.approx(-2.0 / len(zlib.compress(b"a?b")))


def test_the_text_is_compressed_at_the_default_level():
    text = " ".join(f"{i:b}" for i in range(999))
    size = len(zlib.compress(text.encode()))
    assert size != len(zlib.compress(text.encode(), 9))
    assert ZlibRatio().score(Document("a", text), [trace_of([-2.0], text)]) == -2.0 / size
