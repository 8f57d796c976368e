"""The nouns of marking: documents, sites, marks.

A *site* is public: it follows from the text and from public data alone. A *mark* is what the key
made of a site. Functions that find sites never see a key, and that is what the exact test of
evidence stands on.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple


@dataclass(frozen=True)
class Document:
    """A text exactly as it was read, and the name it goes by."""

    id: str
    text: str


def text_sha256(text: str) -> str:
    """Return the SHA-256 of a text in UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Site:
    """A place where a word may be replaced, with the words that may stand there.

    Offsets count code points in the *original* text. The draw decides which candidate stands:
    all sites that name the same draw have the same number of candidates, in the same order.
    """

    document_id: str
    start: int
    original: str
    candidates: tuple[str, ...]
    draw: str
    fits: tuple[float, ...] = field(default=(), compare=False)
    """For each candidate the chance that a reader accepts it here; empty if nothing judged them."""

    @property
    def end(self) -> int:
        """Offset just after the original word."""
        return self.start + len(self.original)


@dataclass(frozen=True)
class Mark:
    """A site after the draw: the row of the ledger.

    `start` is the offset of `chosen` in the *marked* text, in code points. A mark whose chosen
    word is the original changes nothing and is evidence all the same.
    """

    document_id: str
    start: int
    original: str
    chosen: str
    candidates: tuple[str, ...]
    draw: str


@dataclass(frozen=True)
class Marked:
    """A marked document and its marks, in the order of the text."""

    document: Document
    marks: tuple[Mark, ...]


def apply_choices(document: Document, sites: Iterable[Site], choices: Sequence[int]) -> Marked:
    """Put the chosen candidate at every site; everything else stays as it was.

    Args:
        document: The original.
        sites: Its sites in the order of the text, none overlapping another.
        choices: For each site, which candidate stands there.

    Raises:
        ValueError: A site does not fit the text, overlaps the one before, or is of another
            document.
    """
    pieces: list[str] = []
    marks: list[Mark] = []
    taken = length = 0
    for site, choice in zip(sites, choices, strict=True):
        if site.document_id != document.id or site.start < taken:
            raise ValueError(f"site at {site.start} of {site.document_id!r} is out of order")
        if document.text[site.start : site.end] != site.original:
            raise ValueError(f"{document.id!r} has no {site.original!r} at {site.start}")
        chosen = site.candidates[choice]
        before = document.text[taken : site.start]
        pieces += [before, chosen]
        marks.append(
            Mark(
                document.id,
                length + len(before),
                site.original,
                chosen,
                site.candidates,
                site.draw,
            )
        )
        length += len(before) + len(chosen)
        taken = site.end
    pieces.append(document.text[taken:])
    return Marked(Document(document.id, "".join(pieces)), tuple(marks))


class Segment(NamedTuple):
    """A mark, and the text between the mark before and this one, which marking left alone."""

    before: str
    mark: Mark | None
    """None in the last segment: `before` is then the rest of the text."""
    site: Site | None


def segments(marked: Marked) -> Iterator[Segment]:
    """Yield the marks of a document with the text between them, and the rest of the text last.

    Raises:
        ValueError: The text does not have a mark's chosen word where the mark says.
    """
    text, taken = marked.document.text, 0
    for mark, site in zip(marked.marks, sites_of(marked), strict=True):
        end = mark.start + len(mark.chosen)
        if mark.start < taken or text[mark.start : end] != mark.chosen:
            raise ValueError(f"{mark.document_id!r} has no {mark.chosen!r} at {mark.start}")
        yield Segment(text[taken : mark.start], mark, site)
        taken = end
    yield Segment(text[taken:], None, None)


def restore(marked: Marked) -> Document:
    """Return the document as it was before it was marked.

    Raises:
        ValueError: The text does not have a mark's chosen word where the mark says.
    """
    pieces = (s.before + (s.mark.original if s.mark else "") for s in segments(marked))
    return Document(marked.document.id, "".join(pieces))


def sites_of(marked: Marked) -> tuple[Site, ...]:
    """Return the sites with their offsets in the original text."""
    return original_sites(marked.marks)


def original_sites(marks: Iterable[Mark]) -> tuple[Site, ...]:
    """Return the sites that the marks of one document were made of."""
    sites: list[Site] = []
    shift = 0
    for mark in marks:
        sites.append(
            Site(mark.document_id, mark.start + shift, mark.original, mark.candidates, mark.draw)
        )
        shift += len(mark.original) - len(mark.chosen)
    return tuple(sites)
