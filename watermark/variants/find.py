"""Find the variants of a sentence, of all kinds, that may become sites."""

import re
from collections.abc import Iterator, Sequence

from watermark.document import Document, Site
from watermark.text.mentions import is_about_words
from watermark.text.protected_spans import Span
from watermark.text.sentences import Sentence
from watermark.variants.also import also
from watermark.variants.contractions import contractions
from watermark.variants.email import email
from watermark.variants.equals import equals
from watermark.variants.more_than import more_than
from watermark.variants.opening_comma import opening_comma
from watermark.variants.percent import percent
from watermark.variants.relative_that import relative_that
from watermark.variants.serial_comma import serial_comma
from watermark.variants.small_numbers import small_numbers
from watermark.variants.spelling import spelling
from watermark.variants.such_as import such_as
from watermark.variants.that_clauses import that_clauses
from watermark.variants.titles import titles
from watermark.variants.towards import towards
from watermark.variants.variant import FindVariants, Variant
from watermark.variants.which_that import which_that
from watermark.variants.whilst import whilst

KINDS: dict[str, FindVariants] = {
    "contractions": contractions,
    "that_clauses": that_clauses,
    "opening_comma": opening_comma,
    "relative_that": relative_that,
    "more_than": more_than,
    "also": also,
    "equals": equals,
    "which_that": which_that,
    "serial_comma": serial_comma,
    "percent": percent,
    "small_numbers": small_numbers,
    "towards": towards,
    "whilst": whilst,
    "email": email,
    "such_as": such_as,
    "titles": titles,
    "spelling": spelling,
}
"""Every kind by name, in the order in which they take a place that two of them find."""

DEFAULT_KINDS: tuple[str, ...] = ()
"""The kinds that are marked by default. None: `reports/marks/variants.md` has no kind that carries
evidence by itself and that a reader cannot see."""
HAS_FIGURES = frozenset({"small_numbers"})
"""Kinds whose sites may contain a figure, which is protected otherwise."""
QUOTES = frozenset('"\u201c\u201d')
DRAW = "variant/"
"""What the name of every draw of a variant begins with."""
DOCUMENT = "@"
"""What stands in the name of a draw before the hash of the document that it is for."""


def variant_sites(
    document: Document, sentence: Sentence, spans: Sequence[Span], kinds: Sequence[str]
) -> Iterator[Site]:
    """Yield the sites of a sentence, none overlapping another, in no particular order.

    Args:
        document: What the sentence is of.
        sentence: Its words.
        spans: What must stay: what is not prose, and quotations.
        kinds: The kinds that are looked for.
    """
    taken: list[Span] = []
    for kind in kinds:
        for variant in KINDS[kind](sentence, document.text):
            place = (variant.start, variant.end)
            if _touches(place, taken) or _protected(variant, kind, spans, document):
                continue
            if is_about_words(sentence) or _may_be_quoted(variant, sentence, document.text):
                continue
            taken.append(place)
            draw = _draw(kind, variant)
            yield Site(document.id, variant.start, variant.original, variant.forms, draw)


def check_kinds(kinds: Sequence[str]) -> None:
    """Refuse a list of kinds that is not one.

    Raises:
        ValueError: A kind does not exist, or comes twice.
    """
    for kind in kinds:
        if kind not in KINDS:
            raise ValueError(f"there is no kind of variant {kind!r}; there are {', '.join(KINDS)}")
    if len(set(kinds)) < len(kinds):
        raise ValueError(f"a kind of variant comes twice: {', '.join(kinds)}")


def is_document_draw(draw: str) -> bool:
    """Tell whether a draw decides a variant for one document, all places of it."""
    return draw.startswith(DRAW) and DOCUMENT in draw


def name_document(draw: str, text_sha256: str) -> str:
    """Put the hash of a document's text into the name of a draw that is for the document."""
    return draw.replace(DOCUMENT, DOCUMENT + text_sha256, 1)


def kind_of(draw: str) -> str:
    """Return the kind of variant that a draw decides; empty if it decides something else."""
    return re.split("[@:]", draw.removeprefix(DRAW))[0] if draw.startswith(DRAW) else ""


def _draw(kind: str, variant: Variant) -> str:
    """Name the draw; `name_document` completes the name of one that is for a document."""
    owner = DOCUMENT if variant.scope == "document" else ""
    return f"{DRAW}{kind}{owner}:{variant.pair}"


def _protected(variant: Variant, kind: str, spans: Sequence[Span], document: Document) -> bool:
    for start, end in spans:
        if start < variant.end and variant.start < end:
            if kind in HAS_FIGURES and document.text[start:end] == variant.original:
                continue
            return True
    return False


def _may_be_quoted(variant: Variant, sentence: Sentence, text: str) -> bool:
    """Tell whether a quotation that the document does not close, or open, may hold the place."""
    before = sum(c in QUOTES for c in text[sentence[0].start : variant.start])
    after = sum(c in QUOTES for c in text[variant.end : sentence[-1].end])
    return before % 2 == 1 or after % 2 == 1


def _touches(place: Span, taken: Sequence[Span]) -> bool:
    return any(start < place[1] and place[0] < end for start, end in taken)
