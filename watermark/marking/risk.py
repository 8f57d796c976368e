"""Order the sites of a corpus for an editor: the least acceptable pairs of words first.

Everything here follows from the original texts, the candidates and how they were judged. Which
candidate was drawn and which documents are held out make no difference.
"""

import re
from collections.abc import Iterable, Set
from dataclasses import dataclass, field
from heapq import heappush, heappushpop

from watermark.document import Document, Site
from watermark.substitution.rules import Pair, base_pair, names_pair

CONTEXT = 300
"""Maximum number of characters shown on either side of a site."""
PLACES = 20
"""Maximum number of sites kept for a pair."""
_END = re.compile(r"[.!?]+[\"'\u201d\u2019)\]]*\s+|\n+")


@dataclass(frozen=True)
class PlaceInText:
    """A site with the sentence around it."""

    site: Site
    fit: float | None
    """How acceptable the pair is here; None if nothing judged it."""
    before: str
    after: str


@dataclass
class PairGroup:
    """All sites of a corpus that offer the same two words in place of each other."""

    pair: Pair
    n_sites: int = 0
    documents: int = 0
    fit: float | None = None
    """The fit of the least acceptable site; None if no site was judged."""
    accepted: bool = False
    """Whether a rule accepts the pair."""
    places: list[PlaceInText] = field(default_factory=list)
    """The least acceptable sites, at most `PLACES`, in that order."""


class RiskOrder:
    """Collects the sites of a corpus, document by document, and returns the pairs by risk."""

    def __init__(self, accepted: Set[Pair] = frozenset()) -> None:
        """Begin without sites; the accepted pairs come last."""
        self._accepted = accepted
        self._groups: dict[Pair, PairGroup] = {}
        self._worst: dict[Pair, list[tuple[tuple[float, int], PlaceInText]]] = {}
        self._n_sites = 0

    def add(self, original: Document, sites: Iterable[Site]) -> None:
        """Add the sites of a document; insertions are left out."""
        seen: set[Pair] = set()
        for site in sites:
            for pair, fit in _pairs(site).items() if site.original else ():
                group = self._groups.setdefault(
                    pair, PairGroup(pair, accepted=names_pair(self._accepted, *pair))
                )
                group.n_sites += 1
                group.documents += pair not in seen
                seen.add(pair)
                if fit is not None:
                    group.fit = fit if group.fit is None else min(fit, group.fit)
                self._keep(pair, fit, site, original.text)

    def _keep(self, pair: Pair, fit: float | None, site: Site, text: str) -> None:
        """Keep the site if it is among the least acceptable of its pair; the first of equals."""
        self._n_sites += 1
        rank = (-1.0 if fit is None else -fit, -self._n_sites)
        worst = self._worst.setdefault(pair, [])
        if len(worst) == PLACES and rank < worst[0][0]:
            return
        item = rank, PlaceInText(site, fit, *sentence_around(text, site.start, site.end))
        if len(worst) < PLACES:
            heappush(worst, item)
        else:
            heappushpop(worst, item)

    def groups(self) -> list[PairGroup]:
        """Return the pairs by risk.

        The order is: pairs that no rule accepts; those that were judged; the lowest fit of a site;
        the most sites; the alphabet.
        """
        for pair, group in self._groups.items():
            ranked = sorted(self._worst[pair], key=lambda item: item[0], reverse=True)
            group.places = [place for _, place in ranked]
        return sorted(self._groups.values(), key=_risk)


def _risk(group: PairGroup) -> tuple[bool, bool, float, int, Pair]:
    fit = 0.0 if group.fit is None else group.fit
    return group.accepted, group.fit is None, fit, -group.n_sites, group.pair


def _pairs(site: Site) -> dict[Pair, float | None]:
    """Return the pairs that a site offers, each with the lowest fit of its candidates."""
    found: dict[Pair, float | None] = {}
    fits: tuple[float | None, ...] = site.fits or (None,) * len(site.candidates)
    for candidate, fit in zip(site.candidates, fits, strict=True):
        if candidate == site.original:
            continue
        pair = base_pair(site.original, candidate)
        known = found.get(pair)
        found[pair] = fit if known is None or (fit is not None and fit < known) else known
    return found


def sentence_around(text: str, start: int, end: int) -> tuple[str, str]:
    """Return what stands in the same sentence before and after a place, at most `CONTEXT` each.

    Where a sentence ends is guessed from full stops and line ends.
    """
    first = max(0, start - CONTEXT)
    for match in _END.finditer(text, first, start):
        first = match.end()
    ending = _END.search(text, end, end + CONTEXT)
    last = min(len(text), end + CONTEXT) if ending is None else ending.end()
    return text[first:start], text[end:last].rstrip()
