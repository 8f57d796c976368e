"""Two schemes on one text, one key, one vault."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from watermark.document import Site
from watermark.scheme import Growth, Rule, Scheme, Test

FIRST, SECOND = "1/", "2/"
"""What the names of the draws of either scheme begin with."""


@dataclass(frozen=True)
class Composed(Scheme):
    """The marks of a scheme, and those of a second one where the first left the text alone."""

    first: Scheme
    second: Scheme

    name: ClassVar[str] = "composed"
    rule: ClassVar[Rule] = "keyed"
    tests: ClassVar[tuple[Test, ...]] = ("remark", "redraw", "holdout")
    detector: ClassVar[str] = "loss"

    def __post_init__(self) -> None:
        """Refuse schemes that draw nothing."""
        if "published" in (self.first.rule, self.second.rule):
            raise ValueError("only schemes whose marks the key draws can be composed")

    @property
    def needs(self) -> str:
        """What a document must have so that it can be marked."""
        return f"{self.first.needs}, or {self.second.needs}"

    def growth(self, draw: str) -> Growth | None:
        """Return what the scheme says to which the draw belongs."""
        scheme = self.first if draw.startswith(FIRST) else self.second
        return scheme.growth(draw[len(FIRST) :])

    def describe(self) -> dict[str, Any]:
        """Return both schemes as a plan keeps them."""
        return {
            "name": self.name,
            "first": self.first.describe(),
            "second": self.second.describe(),
        }


def compose(first: Iterable[list[Site]], second: Iterable[list[Site]]) -> Iterator[list[Site]]:
    """Yield the sites of the first, and those of the second that do not overlap one of them."""
    for ours, theirs in zip(first, second, strict=True):
        kept = [site for site in theirs if not any(_overlap(site, other) for other in ours)]
        merged = [replace(site, draw=FIRST + site.draw) for site in ours]
        merged += [replace(site, draw=SECOND + site.draw) for site in kept]
        yield sorted(merged, key=lambda site: (site.start, site.end))


def _overlap(one: Site, other: Site) -> bool:
    """Tell whether two sites share a character; an insertion at the edge of a word does not."""
    if one.start == other.start and (one.original == "") == (other.original == ""):
        return True
    return one.start < other.end and other.start < one.end
