"""The hyphen of e-mail."""

import re
from collections.abc import Iterator
from functools import lru_cache

from watermark.text.sentences import Sentence
from watermark.variants.variant import Variant, outside_quotations

_WORD = re.compile(r"(?<![\w./@-])(?P<e>[eE])(?P<hyphen>-?)(?P<rest>mail(?:s|ed|ing)?)(?![\w@/-])")
_ANY = re.compile(r"\be-?mail", re.IGNORECASE)


def email(sentence: Sentence, text: str) -> Iterator[Variant]:
    """Yield every place of the word, in documents that write it in one way."""
    if not writes_one_form(text):
        return
    for match in _WORD.finditer(text, sentence[0].start, sentence[-1].end):
        e, rest = match["e"], match["rest"]
        written = int(bool(match["hyphen"]))
        yield Variant(match.start(), (e + rest, f"{e}-{rest}"), written, "email|e-mail", "document")


def places(text: str) -> int:
    """Count the places of the word in a text."""
    return sum(1 for _ in _ANY.finditer(text))


@lru_cache(maxsize=64)
def writes_one_form(text: str) -> bool:
    """Tell whether all places of the word in a text can be changed, and are alike."""
    found = outside_quotations(_WORD, text)
    alike = len({bool(match["hyphen"]) for match in found}) == 1
    return alike and len(found) == places(text)
