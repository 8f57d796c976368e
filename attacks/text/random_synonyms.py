"""Random synonyms in place of a share of the content words."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from attacks.attack import TextAttack, check_fraction
from attacks.text.thesaurus import Thesaurus, apply_edits
from watermark.document import Document


@dataclass(frozen=True)
class RandomSynonyms(TextAttack):
    """Replaces a random share of the words that have a synonym, each by a random one.

    Source: the lexical substitution attack of the watermarking literature, for example MarkLLM's
    `SynonymSubstitution` (replacement ratio .5). Ours keeps inflection, case and articles.
    """

    name: ClassVar[str] = "random_synonyms"
    thesaurus: Thesaurus = field(repr=False)
    share: float = 0.5
    """Share of the content words with a synonym, in [0, 1]."""

    def __post_init__(self) -> None:
        """Reject an invalid share."""
        check_fraction("share", self.share)

    def apply(self, document: Document, rng: np.random.Generator) -> Document:
        """Return the document with some words replaced."""
        edits = []
        for place in self.thesaurus.places(document.text):
            replaced, chosen = rng.random(), rng.integers(len(place.synonyms))
            if replaced < self.share:
                edits.append(place.edit(place.synonyms[chosen]))
        return Document(document.id, apply_edits(document.text, edits))
