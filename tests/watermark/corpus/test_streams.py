"""Lines in and out, plain and compressed."""

import gzip

import pyarrow as pa
import pytest

from watermark.corpus.streams import decode, line_writer, numbered_lines
from watermark.errors import CorpusError

CONTENT = b'{"text": "one"}\n{"text": "two"}\n' * 20_000


def compressed(suffix: str, content: bytes) -> bytes:
    if suffix == ".gz":
        return gzip.compress(content)
    return bytes(pa.Codec("zstd").compress(content, asbytes=True)) if suffix else content


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_lines_end_with_a_line_feed_and_nothing_else(tmp_path, suffix):
    lines = ["a\r\n", "\u2028b\x0b\x0c\x1c\x85\r", "\n", "no end"]
    path = tmp_path / f"a{suffix}"
    path.write_bytes(compressed(suffix, "".join(lines[:1]).encode() + "".join(lines[1:]).encode()))
    assert list(numbered_lines(path)) == [(1, "a\r\n"), (2, lines[1] + "\n"), (3, "no end")]


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_parts_that_were_joined_are_read_as_one(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(compressed(suffix, b"one\ntw") + compressed(suffix, b"o\n"))
    assert [line for _, line in numbered_lines(path)] == ["one\n", "two\n"]


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.99])
def test_a_file_cut_short_is_an_error_and_not_a_shorter_file(tmp_path, suffix, kept):
    path = tmp_path / f"a{suffix}"
    whole = compressed(suffix, CONTENT)
    path.write_bytes(whole[: int(len(whole) * kept)])
    with pytest.raises(CorpusError, match=r"a\.\w+: could not be read beyond line \d+"):
        list(numbered_lines(path))


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_a_file_that_is_not_compressed_is_named(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(CONTENT)
    with pytest.raises(CorpusError, match=r"a\.\w+: could not be read beyond line 0"):
        list(numbered_lines(path))


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_what_was_written_is_read_and_the_bytes_are_the_same_again(tmp_path, suffix):
    contents = []
    for name in ("a", "b"):
        path = tmp_path / f"{name}{suffix}"
        with line_writer(path) as out:
            for line in CONTENT.splitlines(keepends=True):
                out.write(line)
        assert "".join(line for _, line in numbered_lines(path)).encode() == CONTENT
        contents.append(path.read_bytes())
    assert contents[0] == contents[1]


def test_a_gzip_file_has_no_name_and_no_time_in_it(tmp_path):
    with line_writer(tmp_path / "a.gz") as out:
        out.write(CONTENT)
    header = (tmp_path / "a.gz").read_bytes()[:8]
    assert header[:2] == b"\x1f\x8b"
    assert header[3:] == b"\0\0\0\0\0"  # flags, and four bytes of time


def test_the_line_and_the_byte_that_are_not_text_are_named(tmp_path):
    with pytest.raises(CorpusError, match=r"a:7: not UTF-8: byte 0xff at position 3 of the line"):
        decode(b"\n\n\xc3\xa9\xff", tmp_path / "a", 5)
    with pytest.raises(CorpusError, match=r"iconv -f WINDOWS-1252 -t UTF-8 FILE > NEW"):
        decode(b"caf\xe9", tmp_path / "a")


def test_utf_16_is_named_in_its_first_line(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes('{"text": "a"}\n'.encode("utf-16"))
    with pytest.raises(CorpusError, match=r"jsonl:1: not UTF-8: byte 0xff at .* -f UTF-16 -t"):
        list(numbered_lines(path))
