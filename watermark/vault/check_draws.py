"""Check the choices in a ledger against the key."""

from pathlib import Path

from watermark.document import Mark
from watermark.errors import VaultError
from watermark.keys import Key
from watermark.limits import CANDIDATES

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
