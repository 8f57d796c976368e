"""Read the header of a GGUF file within limits, before a library reads it.

A header claims how many entries, tensors, characters and items follow, and libraries believe it.
"""

import math
import struct
from pathlib import Path
from typing import Any, BinaryIO

from watermark.errors import ModelError
from watermark.limits import (
    CONFIG_INTEGER,
    GGUF_ARRAY_ITEMS,
    GGUF_ENTRIES,
    GGUF_STRING_BYTES,
    GGUF_TENSORS,
    LAYERS,
)

_NUMBERS = {
    0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d",
}  # fmt: skip
_STRING, _ARRAY = 8, 9
_MOST_NUMBERS = 2**48
_COUNTS = ("block_count", "head_count", "head_count_kv", "expert_count")


class _FormError(Exception):
    """The header is not one; the message says why."""


def check_gguf_header(file: Path) -> None:
    """Refuse a GGUF file whose header exceeds a limit or claims more than the file holds.

    Raises:
        ModelError: The message says what it claims.
    """
    try:
        with file.open("rb") as stream:
            _check(stream, file.stat().st_size)
    except (_FormError, struct.error, OSError) as error:
        raise ModelError(f"{file}: is not a GGUF file that can be read: {error}") from error


def _check(stream: BinaryIO, size: int) -> None:
    if stream.read(4) != b"GGUF":
        raise _FormError("it does not begin like one")
    version, n_tensors, n_entries = struct.unpack("<IQQ", stream.read(20))
    if version not in (2, 3):
        raise _FormError(f"version {version}; 2 and 3 are read")
    _limit(n_tensors, GGUF_TENSORS, "tensors")
    _limit(n_entries, GGUF_ENTRIES, "entries")
    budget = [GGUF_ARRAY_ITEMS]
    seen = set[str]()
    for _ in range(n_entries):
        name = _text(stream, size)
        (kind,) = struct.unpack("<I", stream.read(4))
        value = _value(stream, size, kind, budget)
        if name in seen:
            raise _FormError(f"it names {name[:60]!r} twice")
        seen.add(name)
        _check_entry(name, value)
    ends = [_tensor_end(stream, size) for _ in range(n_tensors)]
    if stream.tell() + max(ends, default=0) > size:
        raise _FormError("its tensors would end beyond the end of the file")


def _check_entry(name: str, value: Any) -> None:
    part = name.rpartition(".")[2]
    if part in _COUNTS and type(value) is int:
        _limit(value, LAYERS, part)
    if part.endswith(("_count", "_length", "vocab_size")) and type(value) is int:
        _limit(value, CONFIG_INTEGER, part)
    if name == "general.alignment" and not (type(value) is int and 0 < value <= 4096):
        raise _FormError(f"general.alignment is {value!r}")


def _value(stream: BinaryIO, size: int, kind: int, budget: list[int]) -> Any:
    if kind == _STRING:
        return _text(stream, size)
    if kind in _NUMBERS:
        return _number(stream, kind)
    if kind != _ARRAY:
        raise _FormError(f"unknown type {kind}")
    inner, n_items = struct.unpack("<IQ", stream.read(12))
    budget[0] -= n_items
    if budget[0] < 0:
        raise _FormError(f"its lists have more than {GGUF_ARRAY_ITEMS:,} items")
    if inner in _NUMBERS:
        _skip(stream, size, n_items * struct.calcsize("<" + _NUMBERS[inner]))
    elif inner == _STRING:
        for _ in range(n_items):
            _text(stream, size)
    else:
        raise _FormError("a list of lists")
    return None  # its items are the business of who reads them


def _number(stream: BinaryIO, kind: int) -> int | float:
    form = "<" + _NUMBERS[kind]
    found: int | float = struct.unpack(form, stream.read(struct.calcsize(form)))[0]
    if math.isnan(found):
        raise _FormError("an entry is not a number")
    return found


def _text(stream: BinaryIO, size: int) -> str:
    (length,) = struct.unpack("<Q", stream.read(8))
    _limit(length, GGUF_STRING_BYTES, "bytes in a text")
    if stream.tell() + length > size:
        raise _FormError("a text would end beyond the end of the file")
    return stream.read(length).decode(errors="replace")


def _skip(stream: BinaryIO, size: int, n_bytes: int) -> None:
    if stream.tell() + n_bytes > size:
        raise _FormError("a list would end beyond the end of the file")
    stream.seek(n_bytes, 1)


def _tensor_end(stream: BinaryIO, size: int) -> int:
    """Return where a tensor ends at least, counted from the first: no type has under one bit."""
    _text(stream, size)
    (n_dims,) = struct.unpack("<I", stream.read(4))
    _limit(n_dims, 4, "dimensions of a tensor")
    shape = struct.unpack(f"<{n_dims}Q", stream.read(8 * n_dims))
    _kind, offset = struct.unpack("<IQ", stream.read(12))
    _limit(math.prod(shape), _MOST_NUMBERS, "numbers in a tensor")
    n_bytes: int = offset + math.prod(shape) // 8
    return n_bytes


def _limit(found: int, most: int, what: str) -> None:
    if found > most:
        raise _FormError(f"it claims {found:,} {what}; at most {most:,} are read")
