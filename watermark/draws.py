"""The names of coins, made from the text alone.

A name is public; what the key makes of it is not. Document ids, the order of documents and the
cutting of a corpus into shards have no part in a name, so none of them can be chosen until the
coins fit a model.
"""

import hashlib
import re
from dataclasses import dataclass

PASSAGE_CHARACTERS = 20_000
"""A pair has one coin in each passage of this length, so in almost every document just one."""
CERTAIN = 1 << 64
"""The limit of a pair of which every site is marked."""

_COIN = re.compile(r"(.+)#\d+/([1-9]\d{0,17})", re.DOTALL)


@dataclass(frozen=True)
class Allotment:
    """How many coins a pair of words has in a corpus, and what share of its sites is marked."""

    n_coins: int
    limit: int = CERTAIN
    """Share of the passages whose sites are marked, in units of 2**-64."""


def coin_name(pair: str, allotment: Allotment, text_sha256: str, start: int) -> str | None:
    """Return the coin that decides a site of a pair, or None if the site stays as it is.

    Args:
        pair: The word and its candidates, such as `large.a:large|sizeable`.
        allotment: What the pair has in this corpus.
        text_sha256: SHA-256 of the original text of the document.
        start: Offset of the site in it.
    """
    passage = start // PASSAGE_CHARACTERS
    name = f"leximark/coin\0{pair}\0{text_sha256}\0{passage}"
    digest = hashlib.sha256(name.encode()).digest()
    if int.from_bytes(digest[:8], "big") >= allotment.limit:
        return None
    coin = int.from_bytes(digest[8:16], "big") % allotment.n_coins
    return f"{pair}#{coin}/{allotment.n_coins}"


def split_coin(name: str) -> tuple[str, int] | None:
    """Return pair and number of coins from the name of a coin; None if it is no such name."""
    found = _COIN.fullmatch(name)
    return (found[1], int(found[2])) if found else None
