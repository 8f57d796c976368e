"""The most common synonym in place of every content word."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from attacks.attack import TextAttack
from attacks.text.thesaurus import Thesaurus, apply_edits
from watermark.document import Document
from watermark.text.rarity import rarity_bits


@dataclass(frozen=True)
class CommonestSynonyms(TextAttack):
    """Replaces every content word by the most common word among itself and its synonyms.

    Source: ours. The natural answer to a scheme that puts in rarer words: it needs no secret, only
    a dictionary and a table of word frequencies. Deterministic.
    """

    name: ClassVar[str] = "commonest_synonyms"
    thesaurus: Thesaurus = field(repr=False)

    def apply(self, document: Document, rng: np.random.Generator) -> Document:
        """Return the document in the most common words."""
        edits = []
        for place in self.thesaurus.places(document.text):
            written = place.target.word.text
            best = min((written, *place.synonyms), key=rarity_bits)
            if best != written:
                edits.append(place.edit(best))
        return Document(document.id, apply_edits(document.text, edits))
