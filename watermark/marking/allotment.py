"""How many coins each pair of words gets, and what share of its sites is marked.

A *pair* is a word with its candidates. The tally of its sites adds up over the parts of a corpus in
any order, so the allotment does not depend on how the corpus is cut, ordered or read again.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import ceil, fsum
from typing import NamedTuple

from watermark.document import Site
from watermark.draws import CERTAIN, Allotment
from watermark.scheme import Growth, Scheme
from watermark.text.rarity import rarity_bits


class Written(NamedTuple):
    """A pair as it is written at a site: in lower case, without articles."""

    pair: str
    original: str
    candidates: tuple[str, ...]


@dataclass
class Tally:
    """What pass one counts. Its size grows with the vocabulary, not with the corpus."""

    n_words: int = 0
    """Words of all texts, marked or not."""
    n_sites: Counter[Written] = field(default_factory=Counter)

    def add(self, n_words: int, sites: Iterable[Site], scheme: Scheme) -> None:
        """Count a document."""
        self.n_words += n_words
        for site in sites:
            if scheme.growth(site.draw) is not None:
                words = tuple(bare_word(each) for each in site.candidates)
                self.n_sites[Written(site.draw, bare_word(site.original), words)] += 1

    def merge(self, other: "Tally") -> None:
        """Add the counts of another part of the corpus."""
        self.n_words += other.n_words
        self.n_sites.update(other.n_sites)


def allot_coins(tally: Tally, scheme: Scheme) -> dict[str, Allotment]:
    """Allot coins and a share of its sites to each pair.

    A replacement may make a word `Growth.max_frequency_ratio` times as frequent as it is in general
    text, all pairs that put it in and all its forms together; so large a share of the sites is
    marked, though never less than one coin's. As many coins share them as keep the expected number
    of sites of each at `Growth.sites_per_coin` or below.
    """
    totals: Counter[str] = Counter()
    inserted: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    forms: defaultdict[tuple[str, int], set[str]] = defaultdict(set)
    for written, n in tally.n_sites.items():
        totals[written.pair] += n
        growth = _growth(scheme, written.pair)
        if growth.max_frequency_ratio is None:
            continue
        language = growth.language
        for column, word in enumerate(written.candidates):
            if word != written.original:
                inserted[language, word].append(n / len(written.candidates))
                forms[written.pair, column].add(word)
    limits: defaultdict[str, list[float]] = defaultdict(list)
    added = {word: fsum(some) for word, some in inserted.items()}
    for (pair, _), words in forms.items():
        growth = _growth(scheme, pair)
        limits[pair].append(_share(words, added, tally.n_words, growth))
    return {
        pair: _allot(n, min(limits[pair], default=1.0), _growth(scheme, pair))
        for pair, n in totals.items()
    }


def _growth(scheme: Scheme, pair: str) -> Growth:
    growth = scheme.growth(pair)
    assert growth is not None
    return growth


def _share(
    words: Iterable[str], added: Mapping[tuple[str, str], float], n_words: int, growth: Growth
) -> float:
    """Return the share of the sites at which a candidate stays within its frequency."""
    natural = fsum(2.0 ** -rarity_bits(word, growth.language) for word in words) * n_words
    wanted = fsum(added[growth.language, word] for word in words)
    assert growth.max_frequency_ratio is not None
    return (growth.max_frequency_ratio - 1) * natural / wanted


def _allot(n_sites: int, share: float, growth: Growth) -> Allotment:
    marked = min(max(share * n_sites, growth.sites_per_coin), n_sites)
    n_coins = ceil(marked / growth.sites_per_coin)
    return Allotment(n_coins, CERTAIN if marked == n_sites else int(marked / n_sites * CERTAIN))


def bare_word(surface: str) -> str:
    """Return a word in lower case, without the article that a site may begin with.

    The form of a variant that puts nothing in is the empty string.
    """
    return surface.split()[-1].lower() if surface.strip() else ""
