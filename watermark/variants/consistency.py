"""One form in a document: no variant whose other places in the document would stay as they are."""

from collections import Counter
from collections.abc import Callable, Iterable

from watermark.document import Site
from watermark.variants import (
    email,
    percent,
    serial_comma,
    small_numbers,
    spelling,
    titles,
    towards,
    whilst,
)
from watermark.variants.find import is_document_draw, kind_of

PLACES: dict[str, Callable[[str], int]] = {
    "email": email.places,
    "percent": percent.places,
    "serial_comma": serial_comma.places,
    "small_numbers": small_numbers.places,
    "spelling": spelling.places,
    "titles": titles.places,
    "towards": towards.places,
    "whilst": whilst.places,
}
"""Counts the places of each kind that a document decides, those that are no sites among them."""


def keep_consistent(text: str, sites: Iterable[Site]) -> list[Site]:
    """Return the sites of a document, without the kinds that would leave it with both forms.

    A place that is no site keeps its form: it is in a heading or a table, or the parser has read it
    otherwise. A kind that a document decides stays only if all of its places are sites.
    """
    found = list(sites)
    counts = Counter(kind_of(site.draw) for site in found if is_document_draw(site.draw))
    mixed = {kind for kind, n in counts.items() if n != PLACES[kind](text)}
    return [s for s in found if not (is_document_draw(s.draw) and kind_of(s.draw) in mixed)]
