"""Words that a masked language model proposes in place of a share of the content words."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from attacks.attack import TextAttack, check_fraction
from attacks.text.thesaurus import Thesaurus, apply_edits
from watermark.document import Document
from watermark.substitution.sources.masked import MaskedModel
from watermark.text.inflection import match_case


@dataclass(frozen=True)
class MaskedSynonyms(TextAttack):
    """Replaces a share of the content words by one of the n words a masked model proposes.

    Source: Zhou et al., "BERT-based Lexical Substitution", ACL 2019 (dropout on the original's
    embedding). Ours differs: the whole sentence is not compared afterwards.
    """

    name: ClassVar[str] = "masked_synonyms"
    thesaurus: Thesaurus = field(repr=False)
    model: MaskedModel = field(repr=False)
    share: float = 0.5
    """Share of the content words with a synonym, in [0, 1]."""
    n: int = 3
    """One of this many proposals is taken at random."""

    def __post_init__(self) -> None:
        """Reject invalid numbers."""
        check_fraction("share", self.share)
        if self.n < 1:
            raise ValueError(f"n must be 1 or more, got {self.n}")

    def apply(self, document: Document, rng: np.random.Generator) -> Document:
        """Return the document with some words replaced."""
        places = [p for p in self.thesaurus.places(document.text) if rng.random() < self.share]
        contexts = [place.target.sentence_with(place.target.word.text) for place in places]
        edits = []
        for place, found in zip(
            places, self.model.propose(contexts, "lexsub_dropout", self.n), strict=True
        ):
            word = found[rng.integers(len(found))].word
            edits.append(place.edit(match_case(word, place.target.word.text) or word))
        return Document(document.id, apply_edits(document.text, edits))
