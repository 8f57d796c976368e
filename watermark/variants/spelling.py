"""British and American spelling, changed in a whole document or not at all."""

import re
from collections.abc import Iterator
from functools import lru_cache

from watermark.substitution.spelling import region_of
from watermark.text.protected_spans import protected_spans, quotation_spans
from watermark.text.sentences import Sentence
from watermark.variants.variant import Variant, cased

ENDINGS = (
    ("our", "or"), ("tre", "ter"), ("bre", "ber"), ("is", "iz"), ("ys", "yz"), ("ll", "l"),
    ("ogue", "og"), ("ae", "e"), ("oe", "e"), ("ence", "ense"), ("gramme", "gram"), ("ey", "y"),
    ("l", "ll"), ("ough", "ow"), ("eable", "able"),
)  # fmt: skip
"""What the British write, and the Americans for it."""
_WORD = re.compile(r"[A-Za-z]{4,}")
_BEGINNING = re.compile(r"(?:[.!?]\s+|^)$")


def spelling(sentence: Sentence, text: str) -> Iterator[Variant]:
    """Yield every word that is spelled unlike in Britain and America, if all of them can change."""
    if not can_change(text):
        return
    for word in sentence:
        if forms := both_spellings(word.text):
            written = int(word.text == forms[1])
            yield Variant(word.start, forms, written, "British|American", "document")


def places(text: str) -> int:
    """Count the words of a text that are spelled unlike in Britain and America."""
    return sum(region_of(match.group()) is not None for match in _WORD.finditer(text))


@lru_cache(maxsize=64)
def can_change(text: str) -> bool:
    """Tell whether all words of one side can be written as the other does.

    Words in quotations, names and code stay, so that a text with one of them there would be mixed.
    """
    words = [m for m in _WORD.finditer(text) if region_of(m.group()) is not None]
    kept = quotation_spans(text) + protected_spans(text) if words else []
    sides = set[int]()
    for match in words:
        forms = both_spellings(match.group())
        if not forms or any(start <= match.start() < end for start, end in kept):
            return False
        before = text[max(0, match.start() - 9) : match.start()]
        if match.group()[0].isupper() and not _BEGINNING.search(before):
            return False
        sides.add(forms.index(match.group()))
    return len(sides) == 1


@lru_cache(maxsize=10_000)
def both_spellings(word: str) -> tuple[str, str] | None:
    """Return a word as the British and as the Americans spell it, if rules lead to both."""
    name = word.lower()
    region = region_of(name)
    if region is None or cased(name, word) != word:
        return None
    for british, american in ENDINGS:
        pair = (british, american) if region == "british" else (american, british)
        for match in re.finditer(pair[0], name):
            other = name[: match.start()] + pair[1] + name[match.end() :]
            wanted = {"american", "ize"} if region == "british" else {"british"}
            if region_of(other) in wanted:
                both = (name, other) if region == "british" else (other, name)
                return cased(both[0], word), cased(both[1], word)
    return None
