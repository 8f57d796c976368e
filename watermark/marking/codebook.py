"""Rules that need the whole corpus but no key: coins of pairs, the words of `published`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from watermark.document import Document, Marked, Site, apply_choices, text_sha256
from watermark.draws import Allotment, coin_name
from watermark.keys import Key
from watermark.marking.allotment import Tally, allot_coins, bare_word
from watermark.marking.site_index import IndexedDocument
from watermark.scheme import Scheme
from watermark.text.rarity import rarity_bits


@dataclass(frozen=True)
class Codebook:
    """Decisions that depend on all sites of a corpus, and on no secret."""

    pairs: Mapping[str, Allotment]
    """Coins of each pair whose number of coins grows with the corpus."""
    replacements: Mapping[str, str]
    """Replacement of each surface word under the rule `published`."""

    def to_json(self) -> dict[str, Any]:
        """Return it for a file."""
        pairs = {name: [pair.n_coins, pair.limit] for name, pair in self.pairs.items()}
        return {"pairs": pairs, "replacements": dict(self.replacements)}

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Self:
        """Return what `to_json` wrote."""
        pairs = {name: Allotment(*pair) for name, pair in fields["pairs"].items()}
        return cls(pairs, fields["replacements"])


def build_codebook(documents: Iterable[IndexedDocument], scheme: Scheme) -> Codebook:
    """Apply the rules that need all sites; the order of the documents does not matter.

    Memory grows with the vocabulary, not with the corpus.
    """
    if scheme.rule == "published":
        return Codebook({}, choose_published(site for d in documents for site in d.sites))
    tally = Tally()
    for document in documents:
        tally.add(document.n_words, document.sites, scheme)
    return Codebook(allot_coins(tally, scheme), {})


def draw_marks(
    document: Document,
    sites: Sequence[Site],
    codebook: Codebook,
    scheme: Scheme,
    key: Key,
) -> Marked:
    """Mark a document: name the coin of each site, drop those beyond a pair's share, then choose
    by the key or the rule.
    """
    if scheme.rule == "published":
        offers = [(site, published_choice(site, codebook.replacements)) for site in sites]
        drawn = [(site, choice) for site, choice in offers if choice is not None]
    else:
        named = name_coins(document, sites, codebook)
        drawn = [(site, key.draw(site.draw, len(site.candidates))) for site in named]
    return apply_choices(document, [site for site, _ in drawn], [choice for _, choice in drawn])


def name_coins(document: Document, sites: Iterable[Site], codebook: Codebook) -> list[Site]:
    """Return the sites of a document that are marked, each with the name of its coin."""
    name = text_sha256(document.text)
    named = (_with_coin(site, codebook, name) for site in sites)
    return [site for site in named if site is not None]


def _with_coin(site: Site, codebook: Codebook, text_name: str) -> Site | None:
    """Return a site with its coin, None if it stays as it is; others have a draw already."""
    allotment = codebook.pairs.get(site.draw)
    if allotment is None:
        return site
    coin = coin_name(site.draw, allotment, text_name, site.start)
    return None if coin is None else replace(site, draw=coin)


def choose_published(sites: Iterable[Site]) -> dict[str, str]:
    """Choose one replacement for each surface word of a corpus: the rarest candidate.

    Keys and values are lower case, without the article that a site may begin with. Ties are
    broken by the alphabet, so that the order of the documents does not matter.
    """
    best: dict[str, str] = {}
    for site in sites:
        word = bare_word(site.original)
        offers = [bare_word(candidate) for candidate in site.candidates]
        best[word] = min([*offers, best.get(word, offers[0])], key=lambda w: (-rarity_bits(w), w))
    return best


def published_choice(site: Site, settled: Mapping[str, str]) -> int | None:
    """Return the candidate chosen for the corpus, or None if it does not fit this site."""
    offers = [bare_word(candidate) for candidate in site.candidates]
    wanted = settled[bare_word(site.original)]
    return offers.index(wanted) if wanted in offers else None
