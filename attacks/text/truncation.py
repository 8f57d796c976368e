"""Cut documents after some words."""

import re
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from attacks.attack import TextAttack
from watermark.document import Document


@dataclass(frozen=True)
class Truncation(TextAttack):
    """Keeps the first words of a document.

    Source: ours; corpora are cut to the context of a model in this way.
    """

    name: ClassVar[str] = "truncation"
    words: int = 64
    """Maximum number of words that are kept."""

    def __post_init__(self) -> None:
        """Reject an invalid length."""
        if self.words < 1:
            raise ValueError(f"words must be 1 or more, got {self.words}")

    def apply(self, document: Document, rng: np.random.Generator) -> Document:
        """Return the beginning of the document."""
        return Document(document.id, cut_words(document.text, 0, self.words))


def cut_words(text: str, first: int, last: int) -> str:
    """Return the words from `first` to before `last` with the white space between them."""
    words = [match.span() for match in re.finditer(r"\S+", text)][first:last]
    return text[words[0][0] : words[-1][1]] if words else ""
