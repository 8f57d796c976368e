"""What marking does to real passages: how often, how close in meaning, what it must not touch.

    python -m pipelines.experiments.standalone.marks OUT [--quality best] [--passages 300]

Marks news passages with the default settings and a fixed key, and counts. Similarity is that of the
asset `minilm`. OUT/marks.md has the numbers and the passages side by side, before and after.
"""

import argparse
import json
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from membership.models.marking.encoder import load_encoder
from pipelines.experiments.trials.passages import passages
from pipelines.jobs.mark import make_leximark
from pipelines.loading.candidate_sources import load_lexical_resources
from watermark.assets import find_model
from watermark.document import Document, Marked, Site, segments
from watermark.keys import Key
from watermark.marking.codebook import build_codebook, draw_marks
from watermark.marking.site_index import index_document
from watermark.schemes.leximark import LexiMark
from watermark.schemes.leximark_sites import find_sites
from watermark.substitution.acceptability import Quality
from watermark.substitution.target import TargetContext
from watermark.text.inflection import article
from watermark.text.protected_spans import protected_spans
from watermark.variants.find import kind_of

SEED = 0
KEY = Key(bytes(range(32)))
SHOWN = 40
"""Passages that the page shows side by side."""


def main() -> None:
    """Mark, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("out", type=Path, help="folder for the results")
    parser.add_argument("--quality", choices=["fast", "best"], default="fast")
    parser.add_argument("--passages", type=int, default=300)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    originals = passages("news", arguments.passages, seed=SEED)
    marked = mark_passages(originals, arguments.quality)
    numbers = measure(originals, marked)
    name = f"marks-{arguments.quality}"
    text = json.dumps(numbers, indent=1) + "\n"
    (arguments.out / f"{name}.json").write_text(text, encoding="utf-8")
    page = describe(numbers, marked, arguments.quality)
    (arguments.out / f"{name}.md").write_text(page, encoding="utf-8")
    print(text)


def mark_passages(originals: Sequence[Document], quality: Quality) -> list[Marked]:
    """Mark passages in memory, as `leximark mark` does with its default settings."""
    scheme = make_leximark(quality)
    found = list(find_sites(load_lexical_resources(scheme), originals, scheme))
    return draw_all(originals, found, scheme)


def draw_all(
    originals: Sequence[Document], found: Sequence[Sequence[Site]], scheme: LexiMark
) -> list[Marked]:
    """Draw the marks of sites with the fixed key."""
    codebook = build_codebook(map(index_document, originals, found), scheme)
    return [
        draw_marks(document, sites, codebook, scheme, KEY)
        for document, sites in zip(originals, found, strict=True)
    ]


def measure(originals: Sequence[Document], marked: Sequence[Marked]) -> dict[str, Any]:
    """Return counts, densities and similarities."""
    marks = [mark for one in marked for mark in one.marks]
    n_words = sum(len(document.text.split()) for document in originals)
    n_changed = sum(mark.chosen != mark.original for mark in marks)
    similarity = _similarities(originals, marked)
    changed = [one.document.text for one in marked]
    before = [article_errors(document.text) for document in originals]
    return {
        "passages": len(originals),
        "words": n_words,
        "sites": len(marks),
        "sites_per_100_words": 100 * len(marks) / n_words,
        "variants": sum(kind_of(mark.draw) != "" for mark in marks),
        "changed": n_changed,
        "changed_per_100_words": 100 * n_changed / n_words,
        "similarity_median": float(np.median(similarity)),
        "similarity_5_percent": float(np.quantile(similarity, 0.05)),
        "similarity_least": float(min(similarity)),
        "article_errors_before": sum(before),
        "article_errors_after": sum(map(article_errors, changed)),
        "protected_changed": sum(
            _protected(document.text) != _protected(text)
            for document, text in zip(originals, changed, strict=True)
        ),
    }


def _similarities(originals: Sequence[Document], marked: Sequence[Marked]) -> list[float]:
    texts = [(d.text, m.document.text) for d, m in zip(originals, marked, strict=True)]
    return [float(_vector(before) @ _vector(after)) for before, after in texts]


@cache
def _vector(text: str) -> NDArray[np.float32]:
    (encoding,) = _encoder().encode([TargetContext(text, 0, len(text))])
    return encoding.sentence


_encoder = cache(lambda: load_encoder(find_model("minilm")))


def article_errors(text: str) -> int:
    """Count places where "a" stands before a word that wants "an", or the reverse."""
    found = re.findall(r"\b(an?) ([a-z]+)\b", text)
    return sum(written != article(word) for written, word in found)


def _protected(text: str) -> list[str]:
    """Return what must not change: what is not prose, and capitalised words within sentences."""
    spans = [text[start:end] for start, end in protected_spans(text)]
    return spans + re.findall(r"(?<=[a-z,] )[A-Z]\w+", text)


def describe(numbers: dict[str, Any], marked: Sequence[Marked], quality: str) -> str:
    """Return the page: numbers, then passages before and after."""
    lines = [
        f"# Marks on real passages, quality `{quality}`",
        "",
        f"    python -m pipelines.experiments.standalone.marks OUT --quality {quality}"
        f" --passages {numbers['passages']}",
        "",
        "| | |",
        "|---|---|",
        *(f"| {name.replace('_', ' ')} | {_number(value)} |" for name, value in numbers.items()),
        "",
        f"The first {SHOWN} passages, with every mark that changed a word. ~~before~~ **after**",
        "",
    ]
    for one in marked[:SHOWN]:
        lines += [f"- {_marked_up(one)}", ""]
    return "\n".join(lines)


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.3f}"


def _marked_up(one: Marked) -> str:
    pieces: list[str] = []
    for before, mark, _ in segments(one):
        pieces.append(before)
        if mark is not None:
            same = mark.chosen == mark.original
            pieces.append(mark.chosen if same else f"~~{mark.original}~~ **{mark.chosen}**")
    return "".join(pieces)


if __name__ == "__main__":
    main()
