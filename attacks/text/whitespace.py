"""Make white space plain."""

import re
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from attacks.attack import TextAttack
from watermark.document import Document


@dataclass(frozen=True)
class Whitespace(TextAttack):
    """Collapses runs of blanks, trims lines, and keeps at most one empty line in a row.

    Source: ours.
    """

    name: ClassVar[str] = "whitespace"

    def apply(self, document: Document, rng: np.random.Generator) -> Document:
        """Return the document with plain white space."""
        lines = (" ".join(line.split()) for line in document.text.splitlines())
        return Document(document.id, re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip())
