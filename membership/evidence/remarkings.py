"""The published texts re-marked with fresh keys.

The fresh outcomes follow from the owner's key. So they are the same in every test, and secret: with
a public seed anyone could find out which versions the published one will be compared with, and make
a score or a model that dislikes those, without knowing the key.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import ceil

import numpy as np
from numpy.typing import NDArray

from watermark.document import Document, Site, apply_choices
from watermark.keys import Key

FEW_BLOCKS = 10
"""With at least this many independent blocks, a few versions of each are enough."""
FEW_REMARKINGS = 19
MOST_TEXTS = 20_000
"""Documents are sampled if all their versions would be more texts than this."""


@dataclass(frozen=True)
class Remarkings:
    """Published texts and their re-markings. All versions of a text are made by the same rule.

    Blocks share no draw, so their versions are independent of each other.
    """

    blocks: NDArray[np.int64]
    """The block of each text, counted from 0."""
    document_ids: tuple[str, ...]
    texts: tuple[tuple[str, ...], ...]
    """The versions of each text: first the published one, then those of fresh keys."""
    n_marked: int = 0
    """Number of documents with marks; the texts may come from a random sample of them."""

    @property
    def n_blocks(self) -> int:
        """Number of independent blocks."""
        return int(self.blocks.max(initial=-1)) + 1

    def n_bytes(self) -> NDArray[np.float64]:
        """Return the UTF-8 length of every version of every text, shape (n_texts, n)."""
        return np.array([[len(text.encode()) for text in some] for some in self.texts], float)

    def documents(self) -> list[Document]:
        """Return every version of every text as a document to score, one text after the other."""
        return [
            Document(f"{name}#{number}", text)
            for name, remarkings in zip(self.document_ids, self.texts, strict=True)
            for number, text in enumerate(remarkings)
        ]


def make_remarkings(
    originals: Sequence[Document],
    sites: Sequence[Sequence[Site]],
    choices: Sequence[Sequence[int]],
    key: Key,
    *,
    alpha: float,
) -> Remarkings:
    """Re-mark documents with fresh draws.

    Args:
        originals: The documents before marking.
        sites: Sites of each document; documents without sites are left out.
        choices: Candidate that the owner's key drew at each site of each document.
        key: The owner's key. A digest of it that shares nothing with its draws seeds the fresh
            ones and the sample of documents.
        alpha: Level of the planned test; enough versions are made to reach it.
    """
    rng = np.random.default_rng(int.from_bytes(key.digest("re-marking", ""), "big"))
    marked = [i for i, some in enumerate(sites) if some]
    n_marked = len(marked)
    n_remarkings = _n_remarkings(_n_blocks([sites[i] for i in marked]), alpha)
    if _n_texts([sites[i] for i in marked], n_remarkings) > MOST_TEXTS:
        wanted = max(1, MOST_TEXTS // (n_remarkings + 1))
        marked = sorted(rng.choice(marked, min(wanted, len(marked)), replace=False).tolist())
    fresh = _fresh_outcomes([sites[i] for i in marked], n_remarkings, rng)
    blocks = _blocks([sites[i] for i in marked])
    rows: list[tuple[int, str, tuple[str, ...]]] = []
    for i, block in zip(marked, blocks, strict=True):
        drawn = np.stack([fresh[site.draw] for site in sites[i]], axis=1)
        remarkings = [list(choices[i]), *drawn.tolist()]
        texts = [_scored_texts(originals[i], sites[i], version) for version in remarkings]
        rows += [(block, originals[i].id, passages) for passages in zip(*texts, strict=True)]
    numbers, names, texts_of = zip(*rows, strict=True) if rows else ((), (), ())
    return Remarkings(np.array(numbers, dtype=np.int64), names, texts_of, n_marked)


def _n_remarkings(n_blocks: int, alpha: float) -> int:
    """Return the versions per text; with few blocks there must be enough to reach the level."""
    if n_blocks >= FEW_BLOCKS and (FEW_REMARKINGS + 1) ** n_blocks * alpha > 1:
        return FEW_REMARKINGS
    return max(99, ceil(1 / alpha) - 1)


def _n_texts(sites: Sequence[Sequence[Site]], n_remarkings: int) -> int:
    """Count the distinct texts to score: equal insertions give equal texts."""
    inserted = {tuple(s.draw for s in some) for some in sites if _is_inserted(some)}
    others = sum(not _is_inserted(some) for some in sites)
    return (len(inserted) + others) * (n_remarkings + 1)


def _fresh_outcomes(
    sites: Sequence[Sequence[Site]], n_remarkings: int, rng: np.random.Generator
) -> dict[str, NDArray[np.int64]]:
    options = {site.draw: len(site.candidates) for some in sites for site in some}
    return {draw: rng.integers(0, n, n_remarkings) for draw, n in options.items()}


def _n_blocks(sites: Sequence[Sequence[Site]]) -> int:
    return max(_blocks(sites), default=-1) + 1


def _blocks(sites: Sequence[Sequence[Site]]) -> list[int]:
    """Return a block number per document; documents linked by shared draws have the same one."""
    parent = list(range(len(sites)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = i = parent[parent[i]]
        return i

    first: dict[str, int] = {}
    for i, some in enumerate(sites):
        for site in some:
            parent[root(i)] = root(first.setdefault(site.draw, i))
    roots = [root(i) for i in range(len(sites))]
    numbers = {r: n for n, r in enumerate(dict.fromkeys(roots))}
    return [numbers[r] for r in roots]


def _is_inserted(sites: Sequence[Site]) -> bool:
    return not any(site.original for site in sites)


def _scored_texts(
    original: Document, sites: Sequence[Site], choices: Sequence[int]
) -> tuple[str, ...]:
    """Return the scored part of a document: each inserted passage alone, or the whole text.

    The text around an insertion is the same in all versions; the papers test the loss of the
    insertion alone.
    """
    if _is_inserted(sites):
        return tuple(_passages(sites, choices))
    return (apply_choices(original, sites, choices).document.text,)


def _passages(sites: Sequence[Site], choices: Sequence[int]) -> Iterator[str]:
    pairs = zip(sites, choices, strict=True)
    for _, together in groupby(pairs, key=lambda pair: pair[0].start):
        yield "".join(site.candidates[choice] for site, choice in together)
