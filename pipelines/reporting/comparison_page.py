"""The page that compares original and published texts: one file, which needs no network."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from watermark.document import segments
from watermark.marking.quality import Pair

TEMPLATE = Path(__file__).with_name("comparison_page.html")
MOST_CANDIDATES = 8
"""Maximum number of candidates shown for a site (letters of a random sequence have more)."""


def comparison_page(pairs: Sequence[Pair], findings: Sequence[str]) -> str:
    """Return a page with both versions of each document side by side."""
    documents = [{"id": p.original.id, "parts": _compared(p)} for p in pairs]
    return fill_page(TEMPLATE, {"findings": findings, "documents": documents})


def fill_page(template: Path, data: dict[str, Any]) -> str:
    """Return a page with its data as JSON in a script element, which nothing in it can leave."""
    text = json.dumps(data, ensure_ascii=False)
    safe = text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return template.read_text(encoding="utf-8").replace("{{DATA}}", safe)


def _compared(pair: Pair) -> list[Any]:
    """Return the text in parts: strings that did not change, and marks."""
    parts: list[Any] = []
    for before, mark, _ in segments(pair.marked):
        parts.append(before)
        if mark is not None:
            words = {"original": mark.original, "chosen": mark.chosen}
            parts.append({**words, "candidates": shown_candidates(mark.candidates)})
    return parts


def shown_candidates(candidates: Sequence[str]) -> list[str]:
    """Return the first candidates, and dots if there are more."""
    return [*candidates[:MOST_CANDIDATES], *["..."] * (len(candidates) > MOST_CANDIDATES)]
