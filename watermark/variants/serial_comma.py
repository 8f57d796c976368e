"""The comma before the last of three: red, white and blue; red, white, and blue."""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

from watermark.text.sentences import Sentence
from watermark.variants.variant import Variant, children, lower

_ITEM = r"[A-Za-z][\w'\u2019-]*(?: [a-z][\w'\u2019-]*)?"
_LIST = re.compile(rf"{_ITEM}, {_ITEM}(?P<comma>,?) (?:and|or) ")
MOST_WORDS = 3
"""Words of an item; a longer one is likely to hold a conjunction or a comma of its own."""


def serial_comma(sentence: Sentence, text: str) -> Iterator[Variant]:
    """Yield the places before the conjunction of plain lists, in documents that do not mix."""
    if mixes(text):
        return
    for i in range(3, len(sentence) - 1):
        if sentence[i].text not in {"and", "or"}:
            continue
        comma = int(lower(sentence, i - 1) == ",")
        last = i - 1 - comma
        if not _ends_a_list(sentence, i, last) or _goes_on(sentence, i):
            continue
        word = sentence[i].text
        forms = (f" {word}", f", {word}")
        start = sentence[last].end
        if text[start : sentence[i].end] == forms[comma]:
            yield Variant(start, forms, comma, "serial comma", "document")


def _ends_a_list(sentence: Sentence, conjunction: int, last: int) -> bool:
    """Tell whether the word before a conjunction ends the second or a later item of a plain list.

    The parser chains the items: each is joined to the one before it.
    """
    item = sentence[conjunction].head
    before = sentence[item].head
    after = [c for c in children(sentence, item) if sentence[c].relation == "conj"]
    if sentence[item].relation != "conj" or len(after) != 1 or not after[0] > conjunction:
        return False
    kinds = {sentence[each].pos for each in (before, item, after[0])}
    if len(kinds) != 1 or kinds & {"", "v"}:
        return False
    commas = [i for i in range(before + 1, item) if sentence[i].text == ","]
    if len(commas) != 1 or before + 1 != commas[0]:
        return False
    inner = sentence[commas[0] + 1 : last + 1]
    if any(sentence[c].relation == "conj" for c in children(sentence, after[0])):
        return False
    lengths_fit = len(inner) <= MOST_WORDS and after[0] - conjunction <= MOST_WORDS
    return lengths_fit and last == item and all(word.text.isalpha() for word in inner)


def _goes_on(sentence: Sentence, conjunction: int) -> bool:
    """Tell whether the conjunction may join less, or the sentence more, than this list."""
    after = [word.text.lower() for word in sentence[conjunction + 1 :]]
    for one, other in pairwise(after):
        if one == "," and other in {"and", "or", "but"}:
            return True  # "the compiler, compiler and linker options, and ..."
    item = sentence[conjunction].head
    determined = any(sentence[c].relation in {"det", "poss"} for c in children(sentence, item))
    is_determined = sentence[conjunction + 1].relation in {"det", "poss"}
    return after[:1] == ["other"] or (determined and not is_determined)


def places(text: str) -> int:
    """Count the lists of a text, with the comma or without it."""
    return sum(1 for _ in _LIST.finditer(text))


@lru_cache(maxsize=64)
def mixes(text: str) -> bool:
    """Tell whether a text has lists with the comma and lists without it."""
    return len({bool(match["comma"]) for match in _LIST.finditer(text)}) > 1
