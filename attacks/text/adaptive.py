"""The thief who knows our program: finds every site and tosses every coin anew."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from attacks.attack import TextAttack, check_fraction
from watermark.document import Document, Site, apply_choices


@dataclass(frozen=True)
class Adaptive(TextAttack):
    """Runs the public site finder on the published text and draws every site again.

    Source: ours. Sites are found in the marked text, where a replaced word may have other
    candidates than its original: the thief finds some of our sites, misses others, adds new ones.
    """

    name: ClassVar[str] = "adaptive"
    find_sites: Callable[[Sequence[Document]], Iterable[list[Site]]] = field(repr=False)
    """Our own function with the settings that the thief supposes."""
    share: float = 1.0
    """Share of the sites that are drawn again, in [0, 1]."""

    def __post_init__(self) -> None:
        """Reject an invalid share."""
        check_fraction("share", self.share)

    def apply(self, document: Document, rng: np.random.Generator) -> Document:
        """Return the document under fresh coins."""
        (sites,) = self.find_sites([document])
        chosen = [site for site in sites if rng.random() < self.share]
        choices = [int(rng.integers(len(site.candidates))) for site in chosen]
        return apply_choices(document, chosen, choices).document
