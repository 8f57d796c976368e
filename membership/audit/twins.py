"""Alternative versions of the published documents that another key could have published.

Draws that decide sites of a single document are made again; all others stay as published. Given
those, the outcomes of a document are independent of all other documents, so its versions may be
permuted whatever the scope of the draws: with scope `site` and `document` every draw belongs to one
document, with scope `word` only those of the rarer words do.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

from watermark.document import Document, Site, apply_choices
from watermark.keys import Key

N_TWINS = 3
"""Number of alternative versions, if there are too many to enumerate."""


@dataclass(frozen=True)
class Twins:
    """The versions of one document."""

    remarkings: tuple[Document, ...]
    published: int
    """Index of the published version."""


def twins_of(
    originals: Sequence[Document],
    sites: Sequence[Sequence[Site]],
    key: Key,
    n: int = N_TWINS,
    *,
    names: Sequence[str] = (),
) -> Iterator[Twins]:
    """Yield the versions of each document that has more than one.

    Alternative versions are drawn with keys derived from the owner's, so that they are secret
    before the test and the same in every test.

    Args:
        originals: Unmarked documents.
        sites: Sites of each document; empty for documents that were not published.
        key: The owner's key.
        n: Number of alternative versions; all of them if there are fewer.
        names: Names by which the key decides on each document; without them, their ids.
    """
    documents_of = Counter(draw for some in sites for draw in {site.draw for site in some})
    names = names or [document.id for document in originals]
    for document, some, name in zip(originals, sites, names, strict=True):
        options = {s.draw: len(s.candidates) for s in some if documents_of[s.draw] == 1}
        true = {site.draw: key.draw(site.draw, len(site.candidates)) for site in some}
        own = {draw: true[draw] for draw in options}
        outcomes, published = _outcomes(name, options, own, key, n)
        if len(outcomes) > 1:
            remarkings = [
                apply_choices(document, some, [{**true, **o}[site.draw] for site in some]).document
                for o in outcomes
            ]
            yield Twins(tuple(remarkings), published)


def _outcomes(
    name: str, options: Mapping[str, int], own: dict[str, int], key: Key, n: int
) -> tuple[list[dict[str, int]], int]:
    """Return outcomes of the draws of a document, and the index of the key's own outcome."""
    if prod(options.values()) <= n + 1:
        every = [
            dict(zip(options, chosen, strict=True))
            for chosen in product(*(range(size) for size in options.values()))
        ]
        return every, every.index(own)
    keys = [Key(key.digest("twin", f"{number}:{name}")) for number in range(n)]
    return [own, *({d: k.draw(d, size) for d, size in options.items()} for k in keys)], 0
