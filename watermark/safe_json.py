"""Read JSON that may be hostile: size, nesting and number of values are checked before parsing."""

import json
import math
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from watermark.limits import JsonLimits

# Possessive, and the closing quotation mark is optional: linear in the length of any input.
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_OPEN, _CLOSED = (b"{", b"["), (b"}", b"]")


class BoundsError(ValueError):
    """Raised by input that exceeds a limit or is malformed; the message begins with the fault."""


def read_bytes(path: Path, most: int) -> bytes:
    """Return the content of a file, whose size is looked at first.

    Raises:
        BoundsError: It is too large, no regular file, or cannot be read.
    """
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):
            raise BoundsError("is not a regular file")
        if about.st_size > most:
            raise BoundsError(f"has {about.st_size:,} bytes; at most {most:,} are read")
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise BoundsError(f"cannot be read ({error.strerror})") from error
    if len(content) > most:
        raise BoundsError(f"has more than {most:,} bytes")
    return content


def read_json_file(path: Path, limits: JsonLimits) -> Any:
    """Return what a JSON file holds.

    Raises:
        BoundsError: It exceeds a limit, or is not JSON.
    """
    return parse_json(read_bytes(path, limits.bytes), limits)


def parse_json(content: bytes, limits: JsonLimits) -> Any:
    """Return what a JSON text holds.

    Raises:
        BoundsError: It exceeds a limit, is not JSON, or holds a number or text that JSON has not.
    """
    check_size(content, limits)
    pairs: Callable[[list[tuple[str, Any]]], Any] = dict if limits.duplicates else _unique
    try:
        text = content.decode("utf-8-sig")
        found = json.loads(
            text,
            parse_int=lambda digits: _integer(digits, limits.largest),
            parse_float=_finite,
            parse_constant=lambda name: _constant(name, limits.constants),
            object_pairs_hook=pairs,
        )
        if _SURROGATE.search(content) and not limits.duplicates:
            json.dumps(found, ensure_ascii=False).encode()
    except BoundsError:
        raise
    except UnicodeEncodeError as error:
        raise BoundsError("holds half a character (a lone surrogate)") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise BoundsError(f"is not JSON ({error})") from error
    return found


def check_size(content: bytes, limits: JsonLimits) -> None:
    """Refuse a JSON text by its length, number of values and nesting, without parsing it.

    Raises:
        BoundsError: It exceeds a limit.
    """
    if len(content) > limits.bytes:
        raise BoundsError(f"has {len(content):,} bytes; at most {limits.bytes:,} are read")
    n_values = (content.count(b'"') - content.count(b'\\"')) // 2
    if n_values <= limits.values:
        bare = _STRING.sub(b"", content)
        n_values = 1 + bare.count(b",") + sum(map(bare.count, _OPEN)) + bare.count(b":")
    if n_values > limits.values:
        raise BoundsError(
            f"is JSON of about {n_values:,} values; at most {limits.values:,} are read"
        )
    symbols = np.frombuffer(bare, np.uint8)
    steps = np.zeros(len(symbols), np.int8)
    for opening, closing in zip(_OPEN, _CLOSED, strict=True):
        steps[symbols == opening[0]] = 1
        steps[symbols == closing[0]] = -1
    depth = int(steps[steps != 0].cumsum(dtype=np.int64).max(initial=0))
    if depth > limits.depth:
        raise BoundsError(f"is JSON nested {depth:,} deep; at most {limits.depth} are read")


def _integer(digits: str, largest: int) -> int:
    if len(digits) > 40 or abs(found := int(digits)) >= largest:
        raise BoundsError(f"holds the integer {digits:.40}, which is out of range")
    return found


def _finite(digits: str) -> float:
    if not math.isfinite(found := float(digits)):
        raise BoundsError(f"holds the number {digits:.40}, which is out of range")
    return found


def _constant(name: str, allowed: frozenset[str]) -> float:
    if name not in allowed:
        raise BoundsError(f"holds the number {name}")
    return float(name)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BoundsError("names a key twice in one object")
    return found
