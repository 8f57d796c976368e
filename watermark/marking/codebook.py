"""Rules that need the whole corpus but no key: the cap on sites, the words of `published`."""

import hashlib
import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from watermark.document import Document, Marked, Site, apply_choices
from watermark.keys import Key
from watermark.scheme import Scheme
from watermark.text.rarity import rarity_bits


@dataclass(frozen=True)
class Codebook:
    """Decisions that depend on all sites of a corpus, and on no secret."""

    last_rank: Mapping[str, int]
    """Last rank kept, for each draw with more sites than the cap."""
    replacements: Mapping[str, str]
    """Replacement of each surface word under the rule `published`."""


def build_codebook(sites: Iterable[Site], scheme: Scheme) -> Codebook:
    """Apply the rules that need all sites; the order of the sites does not matter.

    Memory grows with the vocabulary, not with the corpus.
    """
    if scheme.rule == "published":
        return Codebook({}, choose_published(sites))
    lowest: dict[str, list[int]] = {}  # for each draw a heap of the negated lowest ranks
    crowded: set[str] = set()
    for site in sites:
        cap = scheme.cap(site.draw)
        if cap is None:
            continue
        heap = lowest.setdefault(site.draw, [])
        if len(heap) < cap:
            heapq.heappush(heap, -_rank(site))
        else:
            heapq.heappushpop(heap, -_rank(site))
            crowded.add(site.draw)
    return Codebook({draw: -lowest[draw][0] for draw in crowded}, {})


def _rank(site: Site) -> int:
    """Return a public pseudo-random number that orders the sites of a draw."""
    name = f"{site.draw}\0{site.document_id}\0{site.start}"
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")


def draw_marks(
    document: Document,
    sites: Sequence[Site],
    codebook: Codebook,
    scheme: Scheme,
    key: Key,
) -> Marked:
    """Mark a document: drop the sites over the cap, then choose by the key or the rule."""
    kept: list[Site] = []
    choices: list[int] = []
    for site in sites:
        choice: int | None
        if scheme.rule == "published":
            choice = published_choice(site, codebook.replacements)
        elif site.draw in codebook.last_rank and (_rank(site) > codebook.last_rank[site.draw]):
            choice = None
        else:
            choice = key.draw(site.draw, len(site.candidates))
        if choice is not None:
            kept.append(site)
            choices.append(choice)
    return apply_choices(document, kept, choices)


def choose_published(sites: Iterable[Site]) -> dict[str, str]:
    """Choose one replacement for each surface word of a corpus: the rarest candidate.

    Keys and values are lower case, without the article that a site may begin with. Ties are
    broken by the alphabet, so that the order of the documents does not matter.
    """
    best: dict[str, str] = {}
    for site in sites:
        word = _bare(site.original)
        offers = [_bare(candidate) for candidate in site.candidates]
        best[word] = min([*offers, best.get(word, offers[0])], key=lambda w: (-rarity_bits(w), w))
    return best


def published_choice(site: Site, settled: Mapping[str, str]) -> int | None:
    """Return the candidate chosen for the corpus, or None if it does not fit this site."""
    offers = [_bare(candidate) for candidate in site.candidates]
    wanted = settled[_bare(site.original)]
    return offers.index(wanted) if wanted in offers else None


def _bare(surface: str) -> str:
    return surface.split()[-1].lower()
