"""Refuse a `tokenizer.json` that would make very much of a text, or need for ever to cut it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from watermark.errors import ModelError
from watermark.limits import NORMALIZER_GROWTH, PATTERN_CHARACTERS, TEMPLATE_TOKENS, TOKENIZER
from watermark.safe_json import BoundsError, read_json_file


def check_tokenizer(file: Path) -> None:
    """Check the size of a tokenizer's file, and what it does to a text.

    Raises:
        ModelError: It exceeds a limit; the message says which.
    """
    if not file.exists():
        return
    try:
        content = read_json_file(file, TOKENIZER)
        if not isinstance(content, dict):
            raise BoundsError(f"wanted a JSON object, got {type(content).__name__}")
        _check_growth([*_parts(content.get("normalizer")), *_parts(content.get("pre_tokenizer"))])
        for part in ("normalizer", "pre_tokenizer", "decoder"):
            for pattern in _patterns(content.get(part)):
                _check_pattern(pattern)
        _check_template(content.get("post_processor"))
    except BoundsError as error:
        raise ModelError(f"{file}: {error}; give the model with its own tokenizer") from error


def _parts(part: Any) -> Iterator[dict[str, Any]]:
    """Yield the steps of a normalizer or pre-tokenizer, those inside sequences too."""
    if not isinstance(part, dict):
        return
    yield part
    for name in ("normalizers", "pretokenizers"):
        inner = part.get(name)
        for each in inner if isinstance(inner, list) else ():
            yield from _parts(each)


def _check_growth(steps: list[dict[str, Any]]) -> None:
    """Refuse steps that together make too much of one character."""
    growth = 1.0
    for step in steps:
        for field in ("content", "prepend", "replacement"):
            added = step.get(field)
            if isinstance(added, str):
                growth *= max(1.0, len(added) / _least_match(step.get("pattern")))
    if growth > NORMALIZER_GROWTH:
        raise BoundsError(
            f"makes up to {growth:,.0f} characters of one; at most {NORMALIZER_GROWTH} are read"
        )


def _least_match(pattern: Any) -> int:
    literal = pattern.get("String") if isinstance(pattern, dict) else None
    return max(1, len(literal)) if isinstance(literal, str) else 1


def _patterns(part: Any) -> Iterator[str]:
    for step in _parts(part):
        pattern = step.get("pattern")
        if isinstance(pattern, dict) and isinstance(pattern.get("Regex"), str):
            yield pattern["Regex"]


def _check_pattern(pattern: str) -> None:
    """Refuse a regular expression with a repetition inside a repetition, or back references."""
    if len(pattern) > PATTERN_CHARACTERS:
        raise BoundsError(f"has a pattern of {len(pattern):,} characters")
    if repeats_a_repetition(pattern):
        raise BoundsError(f"has a pattern that could take for ever: {pattern[:60]!r}")


def repeats_a_repetition(pattern: str) -> bool:
    """Tell whether a group that can match one text in several ways is repeated without bound.

    That is how a search takes exponential time. Such a group holds a repetition, an option or an
    alternative. Back references count as well.
    """
    open_groups, repeatable = [False], True
    for piece in _PIECES.finditer(pattern):
        kind = piece.lastgroup
        if kind == "back" or (kind == "many" and not repeatable):
            return True
        repeatable = True
        if kind == "open":
            open_groups.append(False)
        elif kind == "close" and len(open_groups) > 1:
            inner = open_groups.pop()
            open_groups[-1] |= inner
            repeatable = not inner
        elif kind in ("many", "some"):
            open_groups[-1] = True
    return False


_PIECES = re.compile(
    r"\\(?P<back>[1-9k])|\\."
    r"|\[(?:\\.|[^\]\\])*+\]"
    r"|(?P<open>\((?:\?(?:[:=!>]|<[=!]|[imsx-]+:))?)|(?P<close>\))"
    r"|(?P<many>[*+]|\{\d*,\}|\{\d*,?\d{2,}\})|(?P<some>[?|])|.",
    re.DOTALL,
)


def _check_template(processor: Any) -> None:
    """Refuse a template that puts very many tokens around a text."""
    total, waiting = 0, [processor]
    while waiting:
        part = waiting.pop()
        if not isinstance(part, dict):
            continue
        inner, pieces = part.get("processors"), part.get("single")
        waiting += inner if isinstance(inner, list) else []
        total += (len(pieces) if isinstance(pieces, list) else 1) * _longest(part)
        if total > TEMPLATE_TOKENS:
            raise BoundsError(f"puts up to {total:,} tokens around a text")


def _longest(part: dict[str, Any]) -> int:
    """Return how many tokens one piece of a template stands for at most."""
    named = part.get("special_tokens")
    tokens = named.values() if isinstance(named, dict) else ()
    lists = [token["ids"] for token in tokens if isinstance(token, dict) and "ids" in token]
    return max((len(ids) for ids in lists if isinstance(ids, list)), default=1)
