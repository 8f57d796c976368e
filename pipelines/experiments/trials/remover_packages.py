"""Packages that somebody who wants to remove watermarks from texts would install.

They are run in the experiment on attacks alone. Each is called as its documentation recommends; the
parts of `dewatermark` that ask a model or a server are not used.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from attacks.attack import TextAttack
from watermark.document import Document


@dataclass(frozen=True)
class Disarm(TextAttack):
    """Folds look-alike, invisible and compatibility characters, by `disarm.canonicalize`."""

    name: ClassVar[str] = "disarm"

    def apply(self, document: Document, rng: np.random.Generator) -> Document:
        """Return the cleaned document."""
        from disarm import canonicalize

        return Document(document.id, canonicalize(document.text))


@dataclass(frozen=True)
class Dewatermark(TextAttack):
    """Removes covert characters, by `dewatermark.sanitize` with its aggressive profile."""

    name: ClassVar[str] = "dewatermark"

    def apply(self, document: Document, rng: np.random.Generator) -> Document:
        """Return the cleaned document."""
        from dewatermark import sanitize

        return Document(document.id, sanitize(document.text, profile="aggressive"))
