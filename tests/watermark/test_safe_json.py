import os
import time

import pytest

from watermark.limits import CONFIG, MIB, REPLY, JsonLimits
from watermark.safe_json import BoundsError, parse_json, read_json_file

SMALL = JsonLimits(1000, 20, depth=4)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"[" + b"1," * 500 + b"1]", "bytes"),
        (b"[" + b"1," * 30 + b"1]", "values"),
        (b"[" + b'{"a":1},' * 10 + b"1]", "values"),
        (b"[[[[[1]]]]]", "nested 5 deep"),
        (b'{"a":{"a":{"a":{"a":{"a":1}}}}}', "nested 5 deep"),
        (b"9223372036854775808", "out of range"),
        (b"-9223372036854775808", "out of range"),
        (b"9" * 900, "out of range"),
        (b"1e400", "out of range"),
        (b"NaN", "NaN"),
        (b"Infinity", "Infinity"),
        (b'"\\ud800"', "half a character"),
        (b'{"a":1,"a":2}', "twice"),
        (b"", "not JSON"),
        (b'"abc', "not JSON"),
        (b"\xff", "not JSON"),
        (b"{", "not JSON"),
    ],
)
def test_what_exceeds_a_limit_is_refused(content, words):
    with pytest.raises(BoundsError, match=words):
        parse_json(content, SMALL)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b'"[[[[[[{{{,,,,,,,,,,,,,,,,,,,,,,,,"', "[[[[[[{{{,,,,,,,,,,,,,,,,,,,,,,,,"),
        (b'"\\"[[[[[["', '"[[[[[['),
        (b'\xef\xbb\xbf{"a": [1, -2, 2.5]}', {"a": [1, -2, 2.5]}),
        (b'"\\ud83e\\udd37"', "\U0001f937"),
        (b"9223372036854775807", 2**63 - 1),
    ],
)
def test_what_stays_within_the_limits_is_read(content, found):
    assert parse_json(content, SMALL) == found


def test_what_real_configurations_have_is_read():
    content = b'{"time_step_limit": [0.0, Infinity], "n": 1000000000000000019884624838656}'
    assert parse_json(content, CONFIG)["n"] > 1e29
    with pytest.raises(BoundsError):
        parse_json(b"[NaN]", CONFIG)


def test_a_sparse_file_and_a_pipe_are_refused_without_being_read(tmp_path):
    with (tmp_path / "sparse.json").open("wb") as file:
        file.truncate(12 << 30)
    os.mkfifo(tmp_path / "pipe.json")
    began = time.monotonic()
    for name, words in (("sparse", "12,884,901,888 bytes"), ("pipe", "regular"), ("no", "No such")):
        with pytest.raises(BoundsError, match=words):
            read_json_file(tmp_path / f"{name}.json", CONFIG)
    assert time.monotonic() - began < 1


@pytest.mark.parametrize(
    "content",
    [
        b"[" + b"{}," * (20 * MIB),
        b'"' + b"\\" * (60 * MIB),
        b'"\\' * (30 * MIB),
        b"[" * (60 * MIB),
        b'{"a":' * (12 * MIB),
    ],
    ids=["objects", "backslashes", "open texts", "lists", "nested objects"],
)
def test_sixty_megabytes_are_refused_in_seconds(content):
    began = time.process_time()
    with pytest.raises(BoundsError):
        parse_json(content, REPLY)
    assert time.process_time() - began < 10
