"""In British documents: while, whilst; among, amongst."""

import re
from collections.abc import Iterator

from watermark.substitution.spelling import regions_of
from watermark.text.sentences import Sentence
from watermark.variants.variant import Variant, cased

LONG = {"while": "whilst", "among": "amongst"}
SHORT = {long: short for short, long in LONG.items()}


_WORD = re.compile(r"\b(?:while|whilst|among|amongst)\b", re.IGNORECASE)


def places(text: str) -> int:
    """Count the places of the words in a text."""
    return sum(1 for _ in _WORD.finditer(text))


def whilst(sentence: Sentence, text: str) -> Iterator[Variant]:
    """Yield the conjunction and the preposition, not "a while"."""
    if "british" not in regions_of(text):
        return
    for word in sentence:
        name = word.text.lower()
        short = SHORT.get(name, name)
        if short not in LONG or word.tag != "IN" or word.relation not in {"mark", "prep"}:
            continue
        if short == "while" and word.relation != "mark":
            continue
        forms = (cased(short, word.text), cased(LONG[short], word.text))
        if word.text in forms:
            pair = f"{short}|{LONG[short]}"
            yield Variant(word.start, forms, int(word.text == forms[1]), pair, "document")
