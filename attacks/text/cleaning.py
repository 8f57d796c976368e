"""Clean texts as a crawl is cleaned: Unicode, white space, markup, length."""

import html
import re
import unicodedata
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from attacks.attack import TextAttack, check_fraction
from watermark.document import Document
from watermark.schemes.look_alikes import CYRILLIC, LATIN

_CONFUSABLE = str.maketrans(CYRILLIC, LATIN)
_LATIN_LETTER = re.compile(r"[A-Za-z]")
_WORD = re.compile(r"\w+")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\ufeff]")
_TAG = re.compile(r"<!--.*?-->|<(script|style)\b.*?</\1\s*>|</?[a-zA-Z][^<>]*>", re.DOTALL)
_MARKDOWN = (
    (re.compile(r"^(?:```|~~~)[^\n]*\n?", re.MULTILINE), ""),
    (re.compile(r"^#{1,6}[ \t]+", re.MULTILINE), ""),
    (re.compile(r"^[ \t]*(?:[-*+]|\d+\.)[ \t]+", re.MULTILINE), ""),
    (re.compile(r"^>[ \t]?", re.MULTILINE), ""),
    (re.compile(r"!?\[([^\]\n]*)\]\([^)\n]*\)"), r"\1"),
    (re.compile(r"(\*\*|__|\*|`)(?=\S)([^\n]+?)(?<=\S)\1"), r"\2"),
)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


@dataclass(frozen=True)
class Unicode(TextAttack):
    """Repairs encoding, composes by NFKC, drops invisible characters, folds look-alike letters.

    Source: ftfy's `fix_text`, then Unicode's NFKC. Look-alikes are the Cyrillic letters of our own
    scheme (UTS #39), folded in words that hold a Latin letter too, and in lone words of look-alikes
    if the text has no other Cyrillic.
    """

    name: ClassVar[str] = "unicode"

    def apply(self, document: Document, rng: np.random.Generator) -> Document:
        """Return the document in plain Unicode."""
        import ftfy

        text = unicodedata.normalize("NFKC", ftfy.fix_text(document.text))
        text = _INVISIBLE.sub("", text)
        others = any("\u0400" <= c <= "\u04ff" and c not in CYRILLIC for c in text)

        def fold(match: re.Match[str]) -> str:
            word = match.group()
            if _LATIN_LETTER.search(word) or not others:
                return word.translate(_CONFUSABLE)
            return word

        return Document(document.id, _WORD.sub(fold, text))


@dataclass(frozen=True)
class Whitespace(TextAttack):
    """Collapses runs of blanks, trims lines, and keeps at most one empty line in a row."""

    name: ClassVar[str] = "whitespace"

    def apply(self, document: Document, rng: np.random.Generator) -> Document:
        """Return the document with plain white space."""
        lines = (" ".join(line.split()) for line in document.text.splitlines())
        return Document(document.id, re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip())


@dataclass(frozen=True)
class Markup(TextAttack):
    """Strips HTML tags, comments and entities, then Markdown's signs; the words stay.

    Source: ours, by regular expressions; pages with deep nesting want a parser.
    """

    name: ClassVar[str] = "markup"

    def apply(self, document: Document, rng: np.random.Generator) -> Document:
        """Return the document without markup."""
        text = html.unescape(_TAG.sub("", document.text))
        for pattern, written in _MARKDOWN:
            text = pattern.sub(written, text)
        return Document(document.id, text)


@dataclass(frozen=True)
class Truncation(TextAttack):
    """Keeps the first words of a document."""

    name: ClassVar[str] = "truncation"
    words: int = 64
    """Most words that are kept."""

    def __post_init__(self) -> None:
        """Reject an invalid length."""
        if self.words < 1:
            raise ValueError(f"words must be 1 or more, got {self.words}")

    def apply(self, document: Document, rng: np.random.Generator) -> Document:
        """Return the beginning of the document."""
        return Document(document.id, _cut(document.text, 0, self.words))


@dataclass(frozen=True)
class Chunking(TextAttack):
    """Keeps one chunk of each document: a corpus cut into chunks and then sampled.

    Source: ours. A row of a data set stays one row, so each document gives one random chunk.
    """

    name: ClassVar[str] = "chunking"
    words: int = 64
    """Words of a chunk; the last one of a document may be shorter."""

    def __post_init__(self) -> None:
        """Reject an invalid length."""
        if self.words < 1:
            raise ValueError(f"words must be 1 or more, got {self.words}")

    def apply(self, document: Document, rng: np.random.Generator) -> Document:
        """Return a random chunk of the document."""
        n_chunks = max(1, -(-len(document.text.split()) // self.words))
        first = int(rng.integers(n_chunks)) * self.words
        return Document(document.id, _cut(document.text, first, first + self.words))


def _cut(text: str, first: int, last: int) -> str:
    """Return the words from `first` to before `last` with the white space between them."""
    words = [match.span() for match in re.finditer(r"\S+", text)][first:last]
    return text[words[0][0] : words[-1][1]] if words else ""


@dataclass(frozen=True)
class DroppedSentences(TextAttack):
    """Drops a random share of the sentences; a document that has none left is dropped."""

    name: ClassVar[str] = "dropped_sentences"
    share: float = 0.3
    """Share of the sentences that is dropped, in [0, 1]."""

    def __post_init__(self) -> None:
        """Reject an invalid share."""
        check_fraction("share", self.share)

    def apply(self, document: Document, rng: np.random.Generator) -> Document | None:
        """Return the document without some sentences."""
        gaps = [match.span() for match in _SENTENCE_END.finditer(document.text)]
        starts = [0, *(end for _, end in gaps)]
        ends = [*starts[1:], len(document.text)]
        kept = [
            document.text[start:end]
            for start, end in zip(starts, ends, strict=True)
            if rng.random() >= self.share
        ]
        return Document(document.id, "".join(kept)) if kept else None
