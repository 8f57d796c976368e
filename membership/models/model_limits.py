"""Refuse a model or adapter folder whose files claim more than can be true, before work starts."""

import re
from collections.abc import Iterable, Iterator, Mapping
from math import prod
from pathlib import Path
from typing import Any

from watermark.errors import ModelError
from watermark.limits import (
    ADAPTER_SHARE,
    CONFIG_INTEGER,
    LAYERS,
    PARTS,
    PATTERN_CHARACTERS,
    PATTERN_STARS,
    PATTERNS,
    SMALL_ADAPTER_BYTES,
    WEIGHT_BYTES,
    WEIGHT_HEADER_BYTES,
    JsonLimits,
)
from watermark.safe_json import BoundsError, parse_json

_COUNT = re.compile(
    r"(num|n|encoder|decoder|hidden)_?\w*(layer|block|expert|head|group|stage|state)s?\w*"
    r"|(n_|num_)?(layer|block|expert|depth|head)s?"
)
_SIZED = re.compile(r".*(size|dim|width|length|idx|index|id|ids|token|tokens|step|steps|freq)")
_LAYER_COUNT = re.compile(r"(num|n)_?(hidden_|decoder_)?layers?|layers?|depth|\w*num_layers")
_EXPERT_COUNT = re.compile(r"\w*(num|n)_\w*experts?")
_HEADER = JsonLimits(WEIGHT_HEADER_BYTES, 8_000_000)
_SQUARE = ("n_positions", "n_ctx")
_NAME = re.compile(r"[\w.-]+")
# Every piece is unambiguous, and possessive: this pattern itself cannot backtrack.
_PLAIN = re.compile(r"(?:(?:\w|-|\\[.dw]|\.|\[[\w-]+\])[*+?]?+|\||\((?:\?:)?|\)|[\^$])*+")


def check_config(config: Mapping[str, Any], who: Path) -> None:
    """Refuse a configuration that asks for absurdly many layers, experts, heads or numbers.

    Raises:
        ModelError: The message names the setting.
    """
    numbers = [(key, value) for key, value in _entries(config) if type(value) is int]
    for key, value in numbers:
        counts = _COUNT.fullmatch(key) and not _SIZED.fullmatch(key)
        most = LAYERS if counts else 2**20 if key in _SQUARE else CONFIG_INTEGER
        if not -CONFIG_INTEGER < value <= most:
            raise ModelError(f"{who}: {key} = {value:,}; at most {most:,} are run")
    layers = max((n for key, n in numbers if _LAYER_COUNT.fullmatch(key)), default=1)
    experts = max((n for key, n in numbers if _EXPERT_COUNT.fullmatch(key)), default=1)
    if layers * experts > PARTS:
        raise ModelError(f"{who}: {layers:,} layers of {experts:,} experts are more than are run")


def _entries(config: Any) -> Iterator[tuple[str, Any]]:
    waiting = [config]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            yield from part.items()
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part


def check_weights(files: Iterable[Path]) -> int:
    """Check the headers of safetensors files against their sizes; return their bytes together.

    Raises:
        ModelError: One is too large, or claims tensors that it does not hold.
    """
    total = 0
    for file in files:
        total += file.stat().st_size
        if total > WEIGHT_BYTES:
            raise ModelError(f"{file}: {total:,} bytes of weights are more than are read")
        read_header(file)
    return total


def read_header(file: Path) -> dict[str, Any]:
    """Return the header of a safetensors file, checked: names, types, shapes and places.

    Raises:
        ModelError: It is malformed, or its tensors do not fill the file exactly.
    """
    size = file.stat().st_size
    try:
        with file.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            if size < 8 or length > min(size - 8, WEIGHT_HEADER_BYTES):
                raise BoundsError(f"its header claims {length:,} bytes of {size:,}")
            found = parse_json(stream.read(length), _HEADER)
        if not isinstance(found, dict):
            raise BoundsError("its header is not an object")
        tensors = {name: entry for name, entry in found.items() if name != "__metadata__"}
        ends = [_end(name, entry) for name, entry in tensors.items()]
        if 8 + length + max(ends, default=0) != size:
            raise BoundsError(f"it claims {8 + length + max(ends, default=0):,} bytes of {size:,}")
    except (BoundsError, OSError) as error:
        raise ModelError(
            f"{file}: cannot be loaded as safetensors: {error}; copy it again"
        ) from error
    return tensors


def _end(name: str, entry: Any) -> int:
    places = entry.get("data_offsets") if isinstance(entry, dict) else None
    shape = entry.get("shape") if isinstance(entry, dict) else None
    for numbers, n in ((places, 2), (shape, None)):
        if not isinstance(numbers, list) or (n is not None and len(numbers) != n):
            raise BoundsError(f"its header says nothing of the place of {name[:60]!r}")
        if any(type(number) is not int or number < 0 for number in numbers):
            raise BoundsError(f"its header has a wrong number for {name[:60]!r}")
    assert isinstance(places, list)
    n_bytes, n_numbers = places[1] - places[0], prod((shape or ())[:16])
    # A number takes between half a byte and sixteen.
    if len(shape or ()) > 16 or not n_numbers <= 2 * n_bytes <= 32 * n_numbers:
        raise BoundsError(f"its header has a wrong shape for {name[:60]!r}")
    return int(places[1])


def check_adapter(config: Mapping[str, Any], weights: Path, base_bytes: int) -> None:
    """Refuse an adapter whose patterns could take for ever, or that is larger than its base.

    Raises:
        ModelError: The message names the setting or the size.
    """
    size = weights.stat().st_size
    if size > max(SMALL_ADAPTER_BYTES, ADAPTER_SHARE * base_bytes):
        raise ModelError(
            f"{weights}: an adapter of {size:,} bytes on a base of {base_bytes:,} is not read"
        )
    header = read_header(weights)
    widest = max((n for entry in header.values() for n in entry["shape"]), default=0)
    ranks = config.get("rank_pattern")
    for rank in (config.get("r", 0), *(ranks.values() if isinstance(ranks, dict) else ())):
        if type(rank) is not int or not 0 <= rank <= widest:
            raise ModelError(f"{weights}: its weights have no rank {str(rank)[:40]}")
    copies = config.get("layer_replication") or []
    if not isinstance(copies, list) or len(copies) > LAYERS:
        raise ModelError(f"{weights.parent}: layer_replication names too many layers")
    for key in _PATTERN_SETTINGS:
        for pattern in _patterns(config.get(key), key, weights.parent):
            check_pattern(pattern, key, weights.parent)


_PATTERN_SETTINGS = (
    "target_modules", "exclude_modules", "target_parameters", "modules_to_save", "layers_pattern",
    "rank_pattern", "alpha_pattern",
)  # fmt: skip


def _patterns(value: Any, key: str, who: Path) -> list[str]:
    found = [value] if isinstance(value, str) else value or []
    if (
        not isinstance(found, list | dict)
        or len(found) > PATTERNS
        or not all(isinstance(each, str) for each in found)
    ):
        raise ModelError(f"{who}: {key} is not a list of at most {PATTERNS:,} names")
    return list(found)


def check_pattern(pattern: str, key: str, who: Path) -> None:
    """Refuse a pattern that is neither a plain name nor a simple alternation of names.

    Raises:
        ModelError: A library might search with it for ever.
    """
    if len(pattern) <= PATTERN_CHARACTERS and _NAME.fullmatch(pattern):
        return
    stars = sum(pattern.count(star) for star in "*+")
    if len(pattern) > PATTERN_CHARACTERS or stars > PATTERN_STARS or not _PLAIN.fullmatch(pattern):
        raise ModelError(
            f"{who}: {key} has the pattern {pattern[:60]!r}; only names, alternations of names and "
            f"up to {PATTERN_STARS} .* are read, because others can take for ever; write the names "
            "of the modules as a list"
        )
