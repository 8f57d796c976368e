"""What a kind of variant finds: a place where either of two forms may stand."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from watermark.text.protected_spans import quotation_spans
from watermark.text.sentences import Sentence, Word

Scope = Literal["corpus", "document"]


@dataclass(frozen=True, slots=True)
class Variant:
    """A place in a text and the two forms that may stand there, one of which does."""

    start: int
    forms: tuple[str, str]
    """Both forms as they are written here. The order is that of the pair, whichever stands here."""
    written: int
    """Which of the forms stands in the text: 0 or 1."""
    pair: str
    """The name of the choice: all places with one name get the same form."""
    scope: Scope = "corpus"
    """Whether the choice is made once for the corpus, or anew for each document. Where readers
    expect a document to be consistent, it is the document."""

    @property
    def original(self) -> str:
        """The form that stands in the text."""
        return self.forms[self.written]

    @property
    def end(self) -> int:
        """Offset just after the form in the text."""
        return self.start + len(self.original)


FindVariants = Callable[[Sentence, str], Iterable[Variant]]
"""Finds one kind of variant in a sentence. It also gets the text of the document, so that a form
that would break the style of the document is not offered. It knows no key."""


def cased(form: str, pattern: str) -> str:
    """Give a form in lower case the capital that another one begins with."""
    return form[:1].upper() + form[1:] if pattern[:1].isupper() else form


def lower(sentence: Sentence, index: int) -> str:
    """Return the word at an index in lower case; nothing outside of the sentence."""
    return sentence[index].text.lower() if 0 <= index < len(sentence) else ""


def follows_by_a_space(one: Word, other: Word, text: str) -> bool:
    """Tell whether a single space separates a word from the next one."""
    return text[one.end : other.start] == " "


def children(sentence: Sentence, index: int) -> list[int]:
    """Return the indices of the words that depend on the word at an index, in order."""
    return [i for i, word in enumerate(sentence) if word.head == index and i != index]


def outside_quotations(pattern: re.Pattern[str], text: str) -> list[re.Match[str]]:
    """Return the matches of a pattern in a text, or nothing if one of them is in a quotation.

    A quotation stays as it is, so a choice for the whole document is not free then.
    """
    found = list(pattern.finditer(text))
    quoted = quotation_spans(text) if found else []
    inside = (s < match.end() and match.start() < e for match in found for s, e in quoted)
    return [] if any(inside) else found
