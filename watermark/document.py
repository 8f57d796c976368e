"""The nouns of marking: documents, sites, marks.

A *site* is public: it follows from the text and from public data alone. A *mark* is what the key
made of a site. Functions that find sites never see a key, and that is what the exact test of
evidence stands on.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Document:
    """A text exactly as it was read, and the name it goes by."""

    id: str
    text: str


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

    @property
    def end(self) -> int:
        """Offset just behind the original word."""
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


def restore(marked: Marked) -> Document:
    """Return the document as it was before it was marked.

    Raises:
        ValueError: The text does not have a mark's chosen word where the mark says.
    """
    pieces: list[str] = []
    text, taken = marked.document.text, 0
    for mark in marked.marks:
        end = mark.start + len(mark.chosen)
        if mark.start < taken or text[mark.start : end] != mark.chosen:
            raise ValueError(f"{mark.document_id!r} has no {mark.chosen!r} at {mark.start}")
        pieces += [text[taken : mark.start], mark.original]
        taken = end
    pieces.append(text[taken:])
    return Document(marked.document.id, "".join(pieces))


def sites_of(marked: Marked) -> tuple[Site, ...]:
    """Return the sites with their offsets in the original text."""
    sites: list[Site] = []
    shift = 0
    for mark in marked.marks:
        sites.append(
            Site(mark.document_id, mark.start + shift, mark.original, mark.candidates, mark.draw)
        )
        shift += len(mark.original) - len(mark.chosen)
    return tuple(sites)
