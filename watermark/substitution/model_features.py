"""What models add to the description of a candidate: meaning in context, likelihood in context.

The models are passed in and asked in batches; `membership/` has them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from watermark.substitution.candidates import Candidate
from watermark.substitution.features import Features
from watermark.substitution.target import Target, TargetContext
from watermark.text.rarity import rarity_bits


@dataclass(frozen=True)
class Encoding:
    """What an encoder makes of a passage; both vectors have length 1."""

    sentence: NDArray[np.float32]
    """The mean over its tokens."""
    word: NDArray[np.float32]
    """The mean over the tokens of its word."""


class Encoder(Protocol):
    """A model that reads a text both ways, such as a sentence encoder."""

    def encode(self, contexts: Sequence[TargetContext]) -> list[Encoding]:
        """Return vectors for each passage, in order."""


@dataclass(frozen=True)
class Likelihood:
    """What a language model makes of a passage, in nats."""

    word: float
    """Log-probability of its word, given what stands to the left."""
    rest: float
    """Log-probability of what stands to the right of the word, given it and the left."""


class LanguageModel(Protocol):
    """A causal language model."""

    def read(self, contexts: Sequence[TargetContext]) -> list[Likelihood]:
        """Return the likelihood of each passage, in order."""


@dataclass(frozen=True)
class Models:
    """The models that quality `best` needs for WordNet's words."""

    encoder: Encoder
    reader: LanguageModel


def model_features(
    models: Models, targets: Sequence[Target], offers: Sequence[Sequence[Candidate]]
) -> list[list[Features]]:
    """Describe the offers of each target; every distinct passage is read once.

    Args:
        models: Encoder and language model.
        targets: Places in texts.
        offers: The candidates of each that are to be described.
    """
    pairs = [(target, some) for target, some in zip(targets, offers, strict=True) if some]
    encoded = encode_surfaces(models.encoder, [(s, o.surface) for s, some in pairs for o in some])
    words = {
        lemma for target, some in pairs for lemma in (target.word.lemma, *(o.lemma for o in some))
    }
    alone = _encode_alone(models.encoder, sorted(words))
    read = read_likelihoods(models.reader, pairs)
    encoded_iter = iter(encoded)
    found: list[list[Features]] = []
    for target, some in zip(targets, offers, strict=True):
        rows: list[Features] = []
        for offer in some:
            original, own = next(encoded_iter)
            before, after = (
                read[target.context_with(target.word.text)],
                read[target.context_with(offer.surface)],
            )
            rarer = rarity_bits(offer.surface) - rarity_bits(target.word.text)
            rows.append(
                {
                    "sentence_similarity": float(original.sentence @ own.sentence),
                    "word_similarity": float(original.word @ own.word),
                    "lemma_similarity": float(alone[target.word.lemma] @ alone[offer.lemma]),
                    "left_gain": after.word - before.word,
                    "right_gain": after.rest - before.rest,
                    "gain_beyond_rarity": after.word - before.word + rarer * log(2),
                }
            )
        found.append(rows)
    return found


def encode_surfaces(
    encoder: Encoder, surfaces: Sequence[tuple[Target, str]]
) -> list[tuple[Encoding, Encoding]]:
    """Return the encodings of the sentences as they are and with another word in the place."""
    contexts = [
        (target.sentence_with(target.word.text), target.sentence_with(surface))
        for target, surface in surfaces
    ]
    distinct = list(dict.fromkeys(context for pair in contexts for context in pair))
    encoded = dict(zip(distinct, encoder.encode(distinct), strict=True))
    return [(encoded[one], encoded[other]) for one, other in contexts]


def _encode_alone(encoder: Encoder, words: Sequence[str]) -> dict[str, NDArray[np.float32]]:
    encoded = encoder.encode([TargetContext(word, 0, len(word)) for word in words])
    return {word: found.sentence for word, found in zip(words, encoded, strict=True)}


def read_likelihoods(
    reader: LanguageModel, pairs: Sequence[tuple[Target, Sequence[Candidate]]]
) -> dict[TargetContext, Likelihood]:
    """Return what a model makes of each place with its own word and with each of its candidates."""
    contexts = [
        target.context_with(surface)
        for target, some in pairs
        for surface in (target.word.text, *(offer.surface for offer in some))
    ]
    distinct = list(dict.fromkeys(contexts))
    return dict(zip(distinct, reader.read(distinct), strict=True))
