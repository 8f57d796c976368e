"""What every scheme is: a way to mark, with its settings.

A scheme finds *sites*, places with two or more candidates, from the text and public data alone.
The key then draws, in the same way for all schemes. An insertion is a site whose original is the
empty string.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from math import inf
from typing import Any, ClassVar, Literal, Protocol

from watermark.document import Document, Site

Rule = Literal["keyed", "published"]
Test = Literal["redraw", "twin", "remark", "holdout", "combined"]


@dataclass(frozen=True)
class Growth:
    """How the number of draws of a word grows with the corpus."""

    sites_per_coin: int
    """Expected sites that one coin decides, at most."""
    max_frequency_ratio: float | None
    """How frequent a replacement may become, in multiples of its frequency in general text; None
    for no limit."""
    language: str

    def __post_init__(self) -> None:
        """Reject invalid numbers."""
        if self.sites_per_coin < 1:
            raise ValueError(f"sites_per_coin must be 1 or more, got {self.sites_per_coin}")
        if self.max_frequency_ratio is not None and not 1 < self.max_frequency_ratio < inf:
            raise ValueError(
                f"max_frequency_ratio must be more than 1, got {self.max_frequency_ratio}"
            )


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

    def growth(self, draw: str) -> Growth | None:
        """Return how the coins of a draw's name grow in number; None if it is one coin."""
        return None

    def describe(self) -> dict[str, Any]:
        """Return name and settings as a plan keeps them."""
        settings: Any = self
        return {"name": self.name, **asdict(settings)}


class TextScheme(Scheme, Protocol):
    """A scheme that needs nothing but the text to find its sites."""

    def find_sites(self, documents: Sequence[Document]) -> Iterable[list[Site]]:
        """Yield the sites of each document in the order of its text."""


def takes_part(text: str, share: float) -> bool:
    """Tell whether a document is among the share that is marked.

    A public hash of its text decides: the choice must not depend on the key, which decides what
    stands at a site and nothing else.
    """
    if share == 1:
        return True
    digest = hashlib.sha256(f"leximark/share\0{text}".encode()).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64


def sites_of_share(
    documents: Sequence[Document],
    share: float,
    find: Callable[[Sequence[Document]], Iterable[list[Site]]],
) -> Iterator[list[Site]]:
    """Yield the sites of each document, none for those that are not in the share."""
    found = iter(find([d for d in documents if takes_part(d.text, share)]))
    for document in documents:
        yield next(found) if takes_part(document.text, share) else []


def check_share(share: float) -> None:
    """Reject an invalid share of documents.

    Raises:
        ValueError: It does not lie in (0, 1].
    """
    if not 0 < share <= 1:
        raise ValueError(f"share must lie in (0, 1], got {share}")
