"""One question a site: which of these words stands here? Built from the original texts alone.

A question shows the unmarked text around a site and its candidates in an order that a public hash
decides. Neither the key nor any published word goes into it, so the questions, and whatever a model
answers to them, are the same under every key: that is what the exact test needs. It also means
that a model which recognises the questions cannot tell chosen words from the others.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import permutations
from math import factorial

from watermark.document import Document, Site

_WORD = re.compile(r"\S+")
BLANK = "____"
"""What stands for the word in a question that shows both sides of it."""
CHARACTERS_A_WORD = 24
"""A window of n words reaches at most n times this many characters: text without spaces ends."""


@dataclass(frozen=True)
class Window:
    """How much of the original text a question shows."""

    left_words: int = 12
    """Words before the site. The marks are learned as local habits, so a few are enough."""
    right_words: int = 0
    """Words after it; 0 for a model that continues text, which cannot use them."""

    def __post_init__(self) -> None:
        """Reject windows that show nothing.

        Raises:
            ValueError: `left_words` is below 1 or `right_words` below 0.
        """
        if self.left_words < 1 or self.right_words < 0:
            raise ValueError(
                "a question shows at least 1 word before the site and 0 after it, got "
                f"{self.left_words} and {self.right_words}"
            )


@dataclass(frozen=True)
class Question:
    """What a model is asked about one site."""

    left: str
    """Original text before the site, up to and including the space before it."""
    right: str
    """Original text after the site; empty for a model that continues text."""
    options: tuple[str, ...]
    """The site's candidates in the order in which they are shown, 2 or more."""

    @property
    def cloze(self) -> str:
        """The passage with a blank for the word."""
        return self.left + BLANK + self.right


@dataclass(frozen=True)
class SiteQuestion:
    """A question and where its answers belong."""

    site: Site
    question: Question
    order: tuple[int, ...]
    """`question.options[i]` is `site.candidates[order[i]]`."""


def site_questions(
    readable: Iterable[tuple[Document, Iterable[Site]]], window: Window, *, flip: bool = False
) -> Iterator[SiteQuestion]:
    """Yield a question for each site.

    Args:
        readable: Original documents with their sites; offsets are those of the original text.
        window: How much text each question shows.
        flip: Show the options in the reverse of their public order. Answers may change, the law
            of the p-value does not.

    Raises:
        ValueError: A document does not have a site's word where the site says.
    """
    for document, sites in readable:
        text_hash = hashlib.sha256(document.text.encode()).hexdigest()
        for site in sites:
            if document.text[site.start : site.end] != site.original:
                raise ValueError(f"{document.id!r} has no {site.original!r} at {site.start}")
            order = option_order(text_hash, site)
            if flip:
                order = order[::-1]
            options = tuple(site.candidates[i] for i in order)
            left, right = _around(document.text, site, window)
            yield SiteQuestion(site, Question(left, right, options), order)


def option_order(text_hash: str, site: Site) -> tuple[int, ...]:
    """Return the public order of a site's candidates, uniform over all orders.

    It follows from the text and the position of the site, never from the key: an order that
    depended on the key would let a model's habit of choosing the first option make evidence.
    """
    n = len(site.candidates)
    name = f"leximark/options\0{text_hash}\0{site.start}\0" + "\0".join(site.candidates)
    number = int.from_bytes(hashlib.sha256(name.encode()).digest(), "big")
    if n <= 6:  # 720 permutations at most; the bias of the remainder is below 2**-240
        return next(p for i, p in enumerate(permutations(range(n))) if i == number % factorial(n))
    keys = [hashlib.sha256(f"{name}\0{i}".encode()).digest() for i in range(n)]
    return tuple(sorted(range(n), key=keys.__getitem__))


def asking_order(questions: Iterable[SiteQuestion]) -> list[str]:
    """Return the draws in a public random order, in which a budget is spent.

    Every draw comes once, whatever the order of the questions.
    """
    names = {question.site.draw for question in questions}
    return sorted(names, key=lambda n: hashlib.sha256(f"leximark/ask\0{n}".encode()).digest())


def _around(text: str, site: Site, window: Window) -> tuple[str, str]:
    reach = window.left_words * CHARACTERS_A_WORD
    before = text[max(0, site.start - reach) : site.start]
    words = list(_WORD.finditer(before))
    cut = site.start > reach and len(words) > 1  # the first word may have lost its beginning
    kept = words[1 if cut else 0 :][-window.left_words :]
    left = before[kept[0].start() :] if kept else before
    after = text[site.end : site.end + window.right_words * CHARACTERS_A_WORD]
    ends = [match.end() for match in _WORD.finditer(after)][: window.right_words]
    return left, after[: ends[-1]] if ends else ""
