"""What models add to the description of a candidate: meaning in context, likelihood in context.

The models are passed in and asked in batches; `membership/` has them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from watermark.features import Features
from watermark.fit import Candidate
from watermark.rarity import rarity_bits
from watermark.spots import Passage, Spot


@dataclass(frozen=True)
class Encoding:
    """What an encoder makes of a passage; both vectors have length 1."""

    sentence: NDArray[np.float32]
    """The mean over its tokens."""
    word: NDArray[np.float32]
    """The mean over the tokens of its word."""


class Encoder(Protocol):
    """A model that reads a text both ways, such as a sentence encoder."""

    def encode(self, passages: Sequence[Passage]) -> list[Encoding]:
        """Return vectors for each passage, in order."""


@dataclass(frozen=True)
class Likelihood:
    """What a language model makes of a passage, in nats."""

    word: float
    """Log-probability of its word, given what stands to the left."""
    rest: float
    """Log-probability of what stands to the right of the word, given it and the left."""


class Reader(Protocol):
    """A causal language model."""

    def read(self, passages: Sequence[Passage]) -> list[Likelihood]:
        """Return the likelihood of each passage, in order."""


@dataclass(frozen=True)
class Models:
    """The models that quality `best` needs."""

    encoder: Encoder
    reader: Reader


def model_features(
    models: Models, spots: Sequence[Spot], offers: Sequence[Sequence[Candidate]]
) -> list[list[Features]]:
    """Describe the offers of each spot; every distinct passage is read once.

    Args:
        models: Encoder and language model.
        spots: Places in texts.
        offers: The candidates of each that are to be described.
    """
    pairs = [(spot, some) for spot, some in zip(spots, offers, strict=True) if some]
    encoded = encode_surfaces(models.encoder, [(s, o.surface) for s, some in pairs for o in some])
    words = {lemma for spot, some in pairs for lemma in (spot.word.lemma, *(o.lemma for o in some))}
    alone = _encode_alone(models.encoder, sorted(words))
    read = _read(models.reader, pairs)
    encoded_iter = iter(encoded)
    found: list[list[Features]] = []
    for spot, some in zip(spots, offers, strict=True):
        rows: list[Features] = []
        for offer in some:
            original, own = next(encoded_iter)
            before, after = (
                read[spot.passage_with(spot.word.text)],
                read[spot.passage_with(offer.surface)],
            )
            rarer = rarity_bits(offer.surface) - rarity_bits(spot.word.text)
            rows.append(
                {
                    "sentence_similarity": float(original.sentence @ own.sentence),
                    "word_similarity": float(original.word @ own.word),
                    "lemma_similarity": float(alone[spot.word.lemma] @ alone[offer.lemma]),
                    "left_gain": after.word - before.word,
                    "right_gain": after.rest - before.rest,
                    "gain_beyond_rarity": after.word - before.word + rarer * log(2),
                }
            )
        found.append(rows)
    return found


def encode_surfaces(
    encoder: Encoder, surfaces: Sequence[tuple[Spot, str]]
) -> list[tuple[Encoding, Encoding]]:
    """Return the encodings of the sentences as they are and with another word in the place."""
    passages = [
        (spot.sentence_with(spot.word.text), spot.sentence_with(surface))
        for spot, surface in surfaces
    ]
    distinct = list(dict.fromkeys(passage for pair in passages for passage in pair))
    encoded = dict(zip(distinct, encoder.encode(distinct), strict=True))
    return [(encoded[one], encoded[other]) for one, other in passages]


def _encode_alone(encoder: Encoder, words: Sequence[str]) -> dict[str, NDArray[np.float32]]:
    encoded = encoder.encode([Passage(word, 0, len(word)) for word in words])
    return {word: found.sentence for word, found in zip(words, encoded, strict=True)}


def _read(
    reader: Reader, pairs: Sequence[tuple[Spot, Sequence[Candidate]]]
) -> dict[Passage, Likelihood]:
    passages = [
        spot.passage_with(surface)
        for spot, some in pairs
        for surface in (spot.word.text, *(offer.surface for offer in some))
    ]
    distinct = list(dict.fromkeys(passages))
    return dict(zip(distinct, reader.read(distinct), strict=True))
