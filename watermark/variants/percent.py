"""Shares in figures: 5%, 5 percent, 5 per cent."""

import re
from collections.abc import Iterator
from functools import lru_cache

from watermark.substitution.spelling import regions_of
from watermark.text.sentences import Sentence
from watermark.variants.variant import Variant, outside_quotations

_FORMS = re.compile(r"(?P<sign>%)|\b(?P<one>percent)\b|\b(?P<two>per cent)\b", re.IGNORECASE)
_PLACE = re.compile(r"(?<=\d)(?:%(?!\w)| percent\b| per cent\b)")


def percent(sentence: Sentence, text: str) -> Iterator[Variant]:
    """Yield what follows the figure, in documents that always write the same."""
    words = words_of(text)
    if not words:
        return
    for match in _PLACE.finditer(text, sentence[0].start, sentence[-1].end):
        forms = ("%", words)
        if match.group() in forms:
            written = int(match.group() == words)
            yield Variant(match.start(), forms, written, f"%|{words.strip()}", "document")


def places(text: str) -> int:
    """Count the places of a text that say it, in any form."""
    return sum(1 for _ in _FORMS.finditer(text))


@lru_cache(maxsize=64)
def words_of(text: str) -> str:
    """Return the words that this text would write for the sign; "" if it must stay as it is.

    It must if the text mixes the forms, or has one in a quotation or where the other cannot stand:
    "(5%)", "%s".
    """
    matches = outside_quotations(_FORMS, text)
    found = {match.lastgroup for match in matches}
    if len(found) != 1 or sum(1 for _ in _PLACE.finditer(text)) != len(matches):
        return ""
    if re.search(r"\([^)\n]{0,12}\d%", text) or re.search(r"\d(?:%| per ?cent)[-/]", text):
        return ""
    if "one" in found:
        return " percent"
    british = "two" in found or "british" in regions_of(text)
    return " per cent" if british else " percent"
