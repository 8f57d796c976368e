"""Repair the encoding and fold characters that look alike."""

import re
import unicodedata
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from attacks.attack import TextAttack
from watermark.document import Document
from watermark.schemes.look_alikes import CYRILLIC, LATIN

_CONFUSABLE = str.maketrans(CYRILLIC, LATIN)
_LATIN_LETTER = re.compile(r"[A-Za-z]")
_WORD = re.compile(r"\w+")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\ufeff]")


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
