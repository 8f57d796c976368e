"""Passages of real English to experiment with, cut from the asset `texts`."""

import csv
import io
import re
import zipfile
from collections.abc import Iterator

import numpy as np

from watermark.assets import find_texts
from watermark.document import Document

FILES = {
    "news": ("NewsArticles.zip", "NewsArticles.csv"),
    "speeches": ("parlspeech-v2-sample-houseofcommons.zip", "en.csv"),
}
"""Corpus: archive and file in it. Both files have a column `text`."""
WORDS = (80, 130)
"""Minimum and maximum number of words of a passage: about 130 tokens."""


def passages(corpus: str, n: int, *, seed: int, skip: int = 0) -> list[Document]:
    """Return n passages in random order, at most one per article or speech.

    A passage is the beginning of a text up to the last sentence that ends within 130 words.

    Args:
        corpus: `news` or `speeches`.
        n: Number of passages.
        seed: Seed of the order.
        skip: Number of passages in that order to leave out first.

    Raises:
        AssetError: The asset is not there.
        ValueError: The corpus has fewer passages.
    """
    found = [Document(f"{corpus}-{i}", text) for i, text in enumerate(_unique(corpus))]
    order = np.random.default_rng(seed).permutation(len(found))[skip : skip + n]
    if len(order) < n:
        raise ValueError(f"{corpus} has {len(found)} passages, not {skip + n}")
    return [found[i] for i in order]


def _unique(corpus: str) -> Iterator[str]:
    archive, name = FILES[corpus]
    with zipfile.ZipFile(find_texts() / archive) as zipped, zipped.open(name) as raw:
        rows = csv.DictReader(io.TextIOWrapper(raw, encoding="utf-8"))
        yield from dict.fromkeys(p for p in (_beginning(row["text"]) for row in rows) if p)


def _beginning(text: str) -> str:
    """Return the first sentences of a text, or nothing if they do not make a passage."""
    words: list[str] = []
    for sentence in re.split(r"(?<=[.!?])\s+(?=[A-Z\"'])", " ".join(text.split())):
        if len(words) + len(sentence.split()) > WORDS[1]:
            break
        words += sentence.split()
    return " ".join(words) if len(words) >= WORDS[0] else ""
