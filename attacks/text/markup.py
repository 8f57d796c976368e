"""Strip HTML and Markdown."""

import html
import re
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from attacks.attack import TextAttack
from watermark.document import Document

_TAG = re.compile(r"<!--.*?-->|<(script|style)\b.*?</\1\s*>|</?[a-zA-Z][^<>]*>", re.DOTALL)
_MARKDOWN = (
    (re.compile(r"^(?:```|~~~)[^\n]*\n?", re.MULTILINE), ""),
    (re.compile(r"^#{1,6}[ \t]+", re.MULTILINE), ""),
    (re.compile(r"^[ \t]*(?:[-*+]|\d+\.)[ \t]+", re.MULTILINE), ""),
    (re.compile(r"^>[ \t]?", re.MULTILINE), ""),
    (re.compile(r"!?\[([^\]\n]*)\]\([^)\n]*\)"), r"\1"),
    (re.compile(r"(\*\*|__|\*|`)(?=\S)([^\n]+?)(?<=\S)\1"), r"\2"),
)


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
