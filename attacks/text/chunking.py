"""Keep one chunk of each document."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from attacks.attack import TextAttack
from attacks.text.truncation import cut_words
from watermark.document import Document


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
        return Document(document.id, cut_words(document.text, first, first + self.words))
