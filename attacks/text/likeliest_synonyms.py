"""The synonym that a causal language model likes best in place of every content word."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from attacks.attack import TextAttack
from attacks.text.thesaurus import Thesaurus, apply_edits
from watermark.document import Document
from watermark.substitution.model_features import LanguageModel


@dataclass(frozen=True)
class LikeliestSynonyms(TextAttack):
    """Replaces every content word by the most probable word among itself and its synonyms.

    Source: ours; contextual substitution in the way of LexSub, with a causal model as the judge.
    The probability is that of the word and of the rest of its sentence (up to 50 characters), given
    the text before. All words of a document are judged in the text as it came. Deterministic.
    """

    name: ClassVar[str] = "likeliest_synonyms"
    thesaurus: Thesaurus = field(repr=False)
    model: LanguageModel = field(repr=False)

    def apply(self, document: Document, rng: np.random.Generator) -> Document:
        """Return the document in the words that the model prefers."""
        places = list(self.thesaurus.places(document.text))
        options = [(place.target.word.text, *place.synonyms) for place in places]
        asked = [
            place.target.context_with(word)
            for place, words in zip(places, options, strict=True)
            for word in words
        ]
        read = iter(self.model.read(asked))
        edits = []
        for place, words in zip(places, options, strict=True):
            likelihoods = [next(read) for _ in words]
            best = int(np.argmax([found.word + found.rest for found in likelihoods]))
            if best:
                edits.append(place.edit(words[best]))
        return Document(document.id, apply_edits(document.text, edits))
