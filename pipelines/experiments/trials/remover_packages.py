"""Packages that a thief who wants to remove watermarks from texts would install.

They are run in the experiment on attacks alone. Each is called as its documentation recommends; the
parts of `dewatermark` that ask a model or a server are not used.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from attacks.attack import TextAttack
from attacks.extras import require_package
from watermark.document import Document


@dataclass(frozen=True)
class Disarm(TextAttack):
    """Folds look-alike, invisible and compatibility characters, by `disarm.canonicalize`.

    Source: the package disarm, 0.17.
    """

    name: ClassVar[str] = "disarm"

    def __post_init__(self) -> None:
        """Look for the package.

        Raises:
            PrerequisiteError: It is not installed.
        """
        require_package("disarm", self.name)

    def apply(self, document: Document, rng: np.random.Generator) -> Document:
        """Return the cleaned document."""
        from disarm import canonicalize

        return Document(document.id, canonicalize(document.text))


@dataclass(frozen=True)
class Dewatermark(TextAttack):
    """Removes covert characters, by `dewatermark.sanitize` with its aggressive profile.

    Source: the package dewatermark, 0.8.
    """

    name: ClassVar[str] = "dewatermark"

    def __post_init__(self) -> None:
        """Look for the package.

        Raises:
            PrerequisiteError: It is not installed.
        """
        require_package("dewatermark", self.name)

    def apply(self, document: Document, rng: np.random.Generator) -> Document:
        """Return the cleaned document."""
        from dewatermark import sanitize

        return Document(document.id, sanitize(document.text, profile="aggressive"))
