"""Words with or without s: toward, towards."""

import re
from collections.abc import Iterator
from functools import lru_cache

from watermark.substitution.spelling import regions_of
from watermark.text.sentences import Sentence
from watermark.variants.variant import Variant, cased, outside_quotations

LONG = {"toward": "towards", "afterward": "afterwards"}
_WORD = re.compile(r"\b(?P<stem>toward|afterward)(?P<s>s?)\b", re.IGNORECASE)


def towards(sentence: Sentence, text: str) -> Iterator[Variant]:
    """Yield both words, in documents that are not British and do not mix."""
    if not is_free(text):
        return
    for word in sentence:
        short = word.text.lower().removesuffix("s")
        if short in LONG and word.tag in {"IN", "RB"}:
            forms = (cased(short, word.text), cased(LONG[short], word.text))
            if word.text in forms:
                pair = f"{short}|{LONG[short]}"
                yield Variant(word.start, forms, int(word.text == forms[1]), pair, "document")


def places(text: str) -> int:
    """Count the places of the words in a text."""
    return sum(1 for _ in _WORD.finditer(text))


@lru_cache(maxsize=64)
def is_free(text: str) -> bool:
    """Tell whether the choice is free: the British write the s, and a document is consistent."""
    if "british" in regions_of(text):
        return False
    return len({bool(match["s"]) for match in outside_quotations(_WORD, text)}) == 1
