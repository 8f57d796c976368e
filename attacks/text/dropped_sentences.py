"""Drop some sentences."""

import re
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from attacks.attack import TextAttack, check_fraction
from watermark.document import Document

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


@dataclass(frozen=True)
class DroppedSentences(TextAttack):
    """Drops a random share of the sentences; a document that has none left is dropped.

    Source: ours.
    """

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
