"""Score documents by what a model writes behind their beginnings."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from membership.detector import Score, TextDetector, UnscoredError
from membership.generation import Writer
from watermark.document import Document

_DOCUMENTS_AT_ONCE = 16


@dataclass(frozen=True)
class Sampling:
    """How continuations are drawn. Every one is kept apart by a seed of its own."""

    n: int = 10
    """Continuations of a document."""
    max_tokens: int = 128
    """Tokens of a continuation, at most."""
    temperature: float = 1.0
    seed: int = 0


def score_by_writing(
    documents: Sequence[Document],
    detectors: Mapping[str, TextDetector],
    model: Writer,
    sampling: Sampling,
) -> Iterator[dict[str, Score]]:
    """Yield the scores of each document by detector, in the order of the documents.

    Detectors that show the model the same beginning share its continuations.

    Raises:
        ModelError: The model does not write.
    """
    for first in range(0, len(documents), _DOCUMENTS_AT_ONCE):
        block = documents[first : first + _DOCUMENTS_AT_ONCE]
        prompts = [d.prompt(document) for d in detectors.values() for document in block]
        asked = [prompt for prompt in dict.fromkeys(prompts) if prompt]
        written = model.write(
            asked,
            n=sampling.n,
            max_tokens=sampling.max_tokens,
            temperature=sampling.temperature,
            seed=sampling.seed,
        )
        texts = dict(zip(asked, written, strict=True))
        for document in block:
            yield {
                name: _score(detector, document, texts.get(detector.prompt(document), []))
                for name, detector in detectors.items()
            }


def _score(detector: TextDetector, document: Document, continuations: Sequence[str]) -> Score:
    try:
        return Score(detector.score(document, continuations))
    except UnscoredError as error:
        return Score(np.nan, str(error))
