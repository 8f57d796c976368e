"""Versions of the published documents that the key might as well have published.

Draws that decide places of one document alone are made again, all others stay as they were
published. Given those, the outcomes of a document are independent of all other documents, so its
versions may be permuted whatever the scope of the draws is: with scope `site` and `document` every
draw belongs to one document, with scope `word` those of the rarer words do.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

from watermark.document import Document, Site, apply_choices
from watermark.keys import Key

N_TWINS = 3
"""Versions beside the published one, where there are more than can be listed."""


@dataclass(frozen=True)
class Twins:
    """The versions of one document."""

    remarkings: tuple[Document, ...]
    published: int
    """Which of them was published."""


def twins_of(
    originals: Sequence[Document], sites: Sequence[Sequence[Site]], key: Key, n: int = N_TWINS
) -> Iterator[Twins]:
    """Yield the versions of each document that has some.

    Other versions are drawn with keys made from the owner's, so that nobody knows them before the
    test and every test has the same ones.

    Args:
        originals: Unmarked documents.
        sites: The sites of each; none for those that were not published.
        key: The owner's.
        n: How many versions beside the published one; all there are if that is fewer.
    """
    documents_of = Counter(draw for some in sites for draw in {site.draw for site in some})
    for document, some in zip(originals, sites, strict=True):
        options = {s.draw: len(s.candidates) for s in some if documents_of[s.draw] == 1}
        true = {site.draw: key.draw(site.draw, len(site.candidates)) for site in some}
        own = {draw: true[draw] for draw in options}
        outcomes, published = _outcomes(document, options, own, key, n)
        if len(outcomes) > 1:
            remarkings = [
                apply_choices(document, some, [{**true, **o}[site.draw] for site in some]).document
                for o in outcomes
            ]
            yield Twins(tuple(remarkings), published)


def _outcomes(
    document: Document, options: Mapping[str, int], own: dict[str, int], key: Key, n: int
) -> tuple[list[dict[str, int]], int]:
    """Return outcomes of the draws of a document, and which of them is the key's own."""
    if prod(options.values()) <= n + 1:
        every = [
            dict(zip(options, chosen, strict=True))
            for chosen in product(*(range(size) for size in options.values()))
        ]
        return every, every.index(own)
    keys = [Key(key.digest("twin", f"{number}:{document.id}")) for number in range(n)]
    return [own, *({d: k.draw(d, size) for d, size in options.items()} for k in keys)], 0
