"""Check the draws in a ledger: their outcomes against the key, their names against the texts."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from watermark.document import Mark, Site, text_sha256
from watermark.draws import Allotment, coin_name, split_coin
from watermark.errors import VaultError
from watermark.keys import Key
from watermark.limits import CANDIDATES
from watermark.variants.find import is_document_draw, name_document

_MANY = 40
"""Choices that agree with as many fair coins were drawn by the key, whatever the plan says."""


class Draws:
    """The draws of a ledger, gathered mark by mark."""

    def __init__(self, path: Path, key: Key, rule: str) -> None:
        """Gather draws of the ledger at a path, which the rule should have decided."""
        self._path, self._key, self._rule = path, key, rule
        self._numbers: dict[str, int] = {}
        self._other = ""
        """A mark that the key did not choose."""

    def add(self, mark: Mark) -> None:
        """Add a mark.

        Raises:
            VaultError: It has no candidates, or another number of them than another mark of the
                same draw.
        """
        n = len(mark.candidates)
        if not 1 <= n <= CANDIDATES:
            raise VaultError(f"{self._path}: {mark.draw!r:.80} has {n:,} candidates")
        known = self._numbers.setdefault(mark.draw, n)
        if known != n and self._rule == "keyed":  # marks of the other rule have no draws
            raise VaultError(
                f"{self._path}: the draw {mark.draw!r:.80} has {known} and {n} candidates"
            )
        if mark.candidates[self._key.draw(mark.draw, n)] != mark.chosen:
            self._other = f"the key does not draw {mark.chosen!r:.80} for {mark.draw!r:.80}"

    def check_rule(self) -> None:
        """Check that the key drew everything, or with the rule `published` not everything.

        Raises:
            VaultError: The choices are not made by the rule that the plan names.
        """
        if self._rule == "keyed" and self._other:
            raise VaultError(f"{self._path}: {self._other}: ledger and key do not belong together")
        real = sum(n > 1 for n in self._numbers.values())
        if self._rule == "published" and not self._other and real >= _MANY:
            raise VaultError(
                f"{self._path}: the plan says rule published, and the key drew all {real:,} choices"
            )


class DrawNames:
    """The names of draws, which follow from the texts (vaults of format 2)."""

    def __init__(self, path: Path, scheme: Mapping[str, Any]) -> None:
        """Check names in the ledger at a path, whose marks a scheme made."""
        self._path, self._scheme = path, scheme
        self._coins: dict[str, int] = {}
        """How many coins each pair has."""

    def check(self, original: str, sites: Iterable[Site]) -> None:
        """Check the names at the sites of a document, all of them in the order of the text.

        Raises:
            VaultError: A name is not the one that text and scheme give.
        """
        text_name, positions = text_sha256(original), Counter[str]()
        for site in sites:
            prefix, scheme = _part(self._scheme, site.draw)
            place = _Place(site.draw.removeprefix(prefix), text_name, site, positions[prefix])
            positions[prefix] += 1
            if not self._is_right(prefix, scheme, place):
                raise VaultError(
                    f"{self._path}: {site.draw!r:.80} is not the draw of the site at {site.start} "
                    f"of {site.document_id!r:.80}"
                )

    def _is_right(self, prefix: str, scheme: Mapping[str, Any], place: "_Place") -> bool:
        if scheme.get("rule") == "published":
            return True
        if scheme["name"] != "leximark":
            return scheme["name"] in NAME_CHECKS and NAME_CHECKS[scheme["name"]](scheme, place)
        draw, text_name, start = place.draw, place.text_name, place.site.start
        if scheme.get("scope") == "document":
            return draw == text_name
        if scheme.get("scope") == "site":
            return draw == f"{text_name}:{start}"
        if is_document_draw(draw):
            return draw == name_document(draw.replace(text_name, "", 1), text_name)
        coin = split_coin(prefix + draw)
        if coin is None:
            return False
        pair, n_coins = coin
        known = self._coins.setdefault(pair, n_coins) == n_coins
        return known and coin_name(pair, Allotment(n_coins), text_name, start) == prefix + draw


@dataclass(frozen=True)
class _Place:
    """A site of a document with its draw."""

    draw: str
    """Without what a composed scheme puts before it."""
    text_name: str
    site: Site
    position: int
    """How many sites of the same scheme stand before it in the document."""

    def owner(self, scheme: Mapping[str, Any]) -> str:
        """Return what the name begins with if each document has draws of its own."""
        return f"{self.text_name}:" if scheme.get("scope") == "document" else ""


def _is_trap(scheme: Mapping[str, Any], place: _Place) -> bool:
    n_words, copies = scheme.get("n_words"), scheme.get("copies")
    if type(n_words) is not int or type(copies) is not int or min(n_words, copies) < 1:
        return False
    word = f"trap:{place.position % n_words}"
    if place.draw == place.owner(scheme) + word:
        return True
    fuzzy = re.fullmatch(rf"{place.text_name}:(\d{{1,9}}):{word}", place.draw)
    return fuzzy is not None and int(fuzzy[1]) < copies


NAME_CHECKS: Mapping[str, Callable[[Mapping[str, Any], _Place], bool]] = {
    "random_sequence": lambda scheme, place: (
        place.draw == f"{place.owner(scheme)}sequence:{place.position}"
    ),
    "traps": _is_trap,
    "trigger": lambda scheme, place: place.draw == f"trigger:{place.position}",
    "look_alikes": lambda scheme, place: place.draw == f"look-alike:{place.site.original}",
    "rewriting": lambda scheme, place: place.draw == f"{place.text_name}:{place.site.start}",
}
"""Whether a draw has the name that a scheme gives it, for all but LexiMark."""


def _part(scheme: Mapping[str, Any], draw: str) -> tuple[str, Mapping[str, Any]]:
    """Return the scheme that made a draw, and what its names begin with if there are two."""
    for prefix, part in (("1/", "first"), ("2/", "second")):
        if part in scheme and draw.startswith(prefix):
            return prefix, scheme[part]
    return "", scheme
