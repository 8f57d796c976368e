"""Two pages of one file each, which need no network: compare the texts, and review the sites.

The comparison shows which word was published. The review shows the candidates and nothing that
the key decided: the exact test stands on decisions that did not look at it.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from watermark.document import segments
from watermark.marking.quality import Pair

TEMPLATE = Path(__file__).with_name("page.html")
MOST_CANDIDATES = 8
"""Maximum number of candidates shown for a site (letters of a random sequence have more)."""


def comparison_page(pairs: Sequence[Pair], findings: Sequence[str]) -> str:
    """Return a page with both versions of each document side by side."""
    documents = [{"id": p.original.id, "parts": _compared(p)} for p in pairs]
    return _page({"mode": "compare", "findings": findings, "documents": documents})


def review_page(pairs: Sequence[Pair]) -> str:
    """Return a page on which a person decides where candidates may stand.

    The originals with the candidates at each site; insertions are left out.
    """
    documents = [{"id": p.original.id, "parts": _reviewed(p)} for p in pairs]
    return _page({"mode": "review", "findings": [], "documents": documents})


def _page(data: dict[str, Any]) -> str:
    text = json.dumps(data, ensure_ascii=False)
    safe = text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return TEMPLATE.read_text(encoding="utf-8").replace("{{DATA}}", safe)


def _compared(pair: Pair) -> list[Any]:
    """Return the text in parts: strings that did not change, and marks."""
    parts: list[Any] = []
    for before, mark, _ in segments(pair.marked):
        parts.append(before)
        if mark is not None:
            words = {"original": mark.original, "chosen": mark.chosen}
            parts.append({**words, "candidates": _shown(mark)})
    return parts


def _shown(mark: Any) -> list[str]:
    shown = list(mark.candidates[:MOST_CANDIDATES])
    return shown + ["..."] * (len(mark.candidates) > MOST_CANDIDATES)


def _reviewed(pair: Pair) -> list[Any]:
    """Return the original in parts: strings, and sites; an insertion is no part of it."""
    parts: list[Any] = [""]
    for before, _, site in segments(pair.marked):
        parts[-1] += before
        if site is not None and site.original:
            named = {"original": site.original, "candidates": list(site.candidates)}
            parts += [{"start": site.start, **named}, ""]
    return parts
