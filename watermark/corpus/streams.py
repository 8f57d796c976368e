"""Lines of UTF-8, plain or compressed, in and out; one line in memory at a time."""

import io
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from watermark.errors import CorpusError

BYTE_ORDER_MARK = "\ufeff"
CODECS = {".gz": "gzip", ".zst": "zstd"}
"""How pyarrow calls the compression that a file name ends in."""


def numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    r"""Yield line number (from 1) and line, with its terminator and any byte order mark.

    Only `\n` ends a line: a form feed, or U+2028 in a JSON string, is text.

    Raises:
        CorpusError: The file cannot be read, is cut short, or is not UTF-8.
    """
    number = 0
    try:
        with ExitStack() as stack:
            for line in _open(path, stack):
                number += 1
                yield number, decode(line, path, number)
    except OSError as error:  # pyarrow's errors of compression are of this class too
        raise CorpusError(
            f"{path}: could not be read beyond line {number} ({error}); if the file was cut short "
            "or damaged, fetch or make it again"
        ) from error


def decode(content: bytes, path: Path, first_line: int = 1) -> str:
    """Return bytes of a file as text.

    Raises:
        CorpusError: They are not UTF-8; names the line, counted from the first of these bytes.
    """
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = first_line + content.count(b"\n", 0, error.start)
        column = error.start - content.rfind(b"\n", 0, error.start)
        coding = "UTF-16" if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else "WINDOWS-1252"
        raise CorpusError(
            f"{path}:{line}: not UTF-8: byte 0x{content[error.start]:02x} at position {column} of "
            f"the line; convert the file from its encoding, for example with iconv -f {coding} "
            "-t UTF-8 FILE > NEW"
        ) from error


@contextmanager
def line_writer(path: Path) -> Iterator[Any]:
    """Yield a binary stream that compresses as the file's name says.

    The same lines give the same bytes: no name or time goes into a gzip header.
    """
    codec = CODECS.get(path.suffix.lower())
    with path.open("xb") as file, ExitStack() as stack:
        yield stack.enter_context(pa.CompressedOutputStream(file, codec)) if codec else file


def _open(path: Path, stack: ExitStack) -> IO[bytes]:
    file = stack.enter_context(path.open("rb"))
    codec = CODECS.get(path.suffix.lower())
    if codec is None:
        return file
    stream = stack.enter_context(pa.CompressedInputStream(file, codec))
    return stack.enter_context(io.BufferedReader(stream, 1 << 18))
