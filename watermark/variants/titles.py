"""The point after titles: Dr Smith, Dr. Smith."""

import re
from collections.abc import Iterator
from functools import lru_cache

from watermark.substitution.spelling import regions_of
from watermark.text.sentences import Sentence
from watermark.variants.variant import Variant, outside_quotations

_TITLE = re.compile(r"\b(?P<title>Dr|Mr|Mrs|Ms)(?P<point>\.?)(?= [A-Z][a-z])")

_ANY = re.compile(r"\b(?:Dr|Mr|Mrs|Ms|Prof|St|Rev|Gen|Capt|Sgt|Sen|Jr|Sr)\b")


def titles(sentence: Sentence, text: str) -> Iterator[Variant]:
    """Yield titles before names, in documents that show no side of the Atlantic and do not mix."""
    if not is_free(text):
        return
    for match in _TITLE.finditer(text, sentence[0].start, sentence[-1].end):
        title = match["title"]
        written = int(bool(match["point"]))
        yield Variant(match.start(), (title, f"{title}."), written, "Dr|Dr.", "document")


def places(text: str) -> int:
    """Count the titles of a text, those that cannot be changed among them."""
    return sum(1 for _ in _ANY.finditer(text))


@lru_cache(maxsize=64)
def is_free(text: str) -> bool:
    """Tell whether the point is free: it is American, its absence British."""
    if regions_of(text) - {"ize"}:
        return False
    return len({bool(match["point"]) for match in outside_quotations(_TITLE, text)}) == 1
