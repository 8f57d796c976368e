"""What every scheme is: a way to mark, with its settings.

A scheme finds *sites*, places with two or more candidates, from the text and public data alone.
The key then draws, in the same way for all schemes. An insertion is a site whose original is the
empty string.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any, ClassVar, Literal, Protocol

from watermark.document import Document, Site

Rule = Literal["keyed", "published"]
Test = Literal["redraw", "twin", "remark", "holdout", "combined"]


class Scheme(Protocol):
    """Settings of a scheme: a frozen dataclass that inherits from this class."""

    name: ClassVar[str]
    """What the plan and `--scheme` call it."""

    @property
    def rule(self) -> Rule:
        """`keyed`: the key chooses among the candidates. `published`: the scheme does."""

    @property
    def tests(self) -> tuple[Test, ...]:
        """The tests of evidence that can be run on its marks, the most telling one first."""

    @property
    def detector(self) -> str:
        """The detector that suits its marks in the tests that score whole texts."""

    @property
    def needs(self) -> str:
        """What a document must have so that it can be marked, for a message."""

    def cap(self, draw: str) -> int | None:
        """Return the most sites that a draw decides; None for no limit."""
        return None

    def describe(self) -> dict[str, Any]:
        """Return name and settings as a plan keeps them."""
        settings: Any = self
        return {"name": self.name, **asdict(settings)}


class TextScheme(Scheme, Protocol):
    """A scheme that needs nothing but the text to find its sites."""

    def find_sites(self, documents: Sequence[Document]) -> Iterable[list[Site]]:
        """Yield the sites of each document in the order of its text."""


def takes_part(document_id: str, share: float) -> bool:
    """Tell whether a document is among the share that is marked.

    A public hash decides: the choice must not depend on the key, which decides what stands at a
    site and nothing else.
    """
    digest = hashlib.sha256(f"leximark/share\0{document_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64


def sites_of_share(
    documents: Sequence[Document],
    share: float,
    find: Callable[[Sequence[Document]], Iterable[list[Site]]],
) -> Iterator[list[Site]]:
    """Yield the sites of each document, none for those that are not in the share."""
    found = iter(find([d for d in documents if takes_part(d.id, share)]))
    for document in documents:
        yield next(found) if takes_part(document.id, share) else []


def check_share(share: float) -> None:
    """Reject an invalid share of documents.

    Raises:
        ValueError: It does not lie in (0, 1].
    """
    if not 0 < share <= 1:
        raise ValueError(f"share must lie in (0, 1], got {share}")
