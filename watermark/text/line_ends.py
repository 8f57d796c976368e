"""Line ends: a text with LF alone, and where its characters stood before."""

from bisect import bisect_right
from dataclasses import dataclass, replace

from watermark.document import Document, Site

BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True, slots=True)
class LineFeedText:
    """A text whose lines end in LF, without a byte order mark at its beginning."""

    text: str
    removed: tuple[int, ...]
    """Offsets in `text` before which a character of the original was left out, in order."""

    def original_offset(self, offset: int) -> int:
        """Return where the character at an offset of `text` stood in the original."""
        return offset + bisect_right(self.removed, offset)


def with_line_feeds(original: str) -> LineFeedText:
    """Return the text as a parser should read it, whatever system it was written on.

    CR LF and a CR alone become LF.
    """
    text = original.removeprefix(BYTE_ORDER_MARK)
    removed = [0] * (len(original) - len(text))
    at = text.find("\r\n")
    while at >= 0:
        removed.append(at - len(removed) + (len(original) - len(text)))
        at = text.find("\r\n", at + 2)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return LineFeedText(text, tuple(removed))


def with_line_feeds_in_place(original: str) -> str:
    """Return a text of the same length in which every line ends in LF.

    The CR of CR LF becomes a space; the other line and page separators of
    Unicode become LF. Offsets stay what they were.
    """
    text = original.replace("\r\n", " \n") if "\r" in original else original
    return text.translate(_SEPARATORS)


_SEPARATORS = dict.fromkeys(map(ord, "\r\v\f\x85\u2028\u2029"), "\n")


def in_original(site: Site, document: Document, lines: LineFeedText) -> Site | None:
    """Return the site with the offsets and line ends that the original has.

    None if a site crosses several line ends that are unlike each other.
    """
    if not lines.removed:
        return site
    start = lines.original_offset(site.start)
    end = lines.original_offset(site.end - 1) + 1
    original = document.text[start:end]
    end_of_line = "\r\n" if "\r\n" in original else "\n"
    words = tuple(word.replace("\n", end_of_line) for word in site.candidates)
    if site.original.replace("\n", end_of_line) != original:
        return None
    return replace(site, start=start, original=original, candidates=words)
