"""What an attack is: it edits documents, or makes a new model out of a model.

An attack knows the published text, public data and this program. It never knows the key, the
ledger or the vault. It can hide evidence; it cannot create evidence against an innocent model,
because the re-draw test is exact for any text and any model.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import ClassVar, Protocol, runtime_checkable

import numpy as np

from watermark.document import Document


@runtime_checkable
class TextAttack(Protocol):
    """Edits each document by itself: a frozen dataclass that inherits from this class."""

    name: ClassVar[str]
    """What `--attack` calls it."""
    together: ClassVar[int] = 1
    """Documents passed to `apply_many` at once; above 1 only where that saves time."""

    def apply(self, document: Document, rng: np.random.Generator) -> Document | None:
        """Return the document after the attack; None if it is dropped.

        Args:
            document: Is left as it is.
            rng: Source of all that is random, seeded by the document's id.
        """

    def apply_many(
        self, documents: Sequence[Document], rngs: Sequence[np.random.Generator]
    ) -> list[Document | None]:
        """Return what `apply` returns for each document with its generator."""
        return [self.apply(one, rng) for one, rng in zip(documents, rngs, strict=True)]


@runtime_checkable
class CorpusAttack(Protocol):
    """Edits documents in view of each other, as a deduplication does."""

    name: ClassVar[str]
    """What `--attack` calls it."""

    def apply_all(
        self, documents: Sequence[Document], rng: np.random.Generator
    ) -> list[Document | None]:
        """Return each document after the attack, in order; None for those that are dropped."""


@runtime_checkable
class ModelAttack(Protocol):
    """Makes a new model out of a model."""

    name: ClassVar[str]
    """What `--attack` calls it."""

    def transform(self, model: Path, out: Path) -> None:
        """Write the attacked model into a new folder, as safetensors with its tokenizer.

        Args:
            model: Folder of the model; is left as it is.
            out: Folder that does not exist yet, or is empty.
        """


def attack_documents(
    attacks: Sequence[TextAttack | CorpusAttack],
    documents: Iterable[Document],
    *,
    seed: int,
    share: float = 1.0,
) -> Iterator[Document | None]:
    """Yield each document after all attacks, in order; None for those that were dropped.

    The result for a document under a `TextAttack` depends on the seed and that document alone.

    Args:
        attacks: Applied one after the other.
        documents: Documents with distinct ids.
        seed: Seed of everything random.
        share: Share of the documents that is attacked; the others stay as they are. Chosen by a
            hash of the id and the seed. Only a `TextAttack` obeys it: a `CorpusAttack` sees all
            documents.

    Raises:
        ValueError: The share does not lie in [0, 1].
    """
    if not 0 <= share <= 1:
        raise ValueError(f"share of documents must lie in [0, 1], got {share}")
    found: Iterator[Document | None] = iter(documents)
    for number, attack in enumerate(attacks):
        if isinstance(attack, CorpusAttack):
            found = _attack_together(attack, found, np.random.default_rng([seed, number]))
        else:
            found = _attack_each(attack, found, (seed, number), share)
    return found


def _attack_each(
    attack: TextAttack, documents: Iterator[Document | None], seed: tuple[int, int], share: float
) -> Iterator[Document | None]:
    def is_attacked(document: Document) -> bool:
        return document_rng((seed[0],), document.id, "share").random() < share

    while chunk := list(islice(documents, attack.together)):
        chosen = [one for one in chunk if one is not None and is_attacked(one)]
        rngs = [document_rng(seed, document.id, attack.name) for document in chosen]
        after = dict(zip(map(id, chosen), attack.apply_many(chosen, rngs), strict=True))
        for document in chunk:
            yield after.get(id(document), document)


def _attack_together(
    attack: CorpusAttack, documents: Iterator[Document | None], rng: np.random.Generator
) -> Iterator[Document | None]:
    found = list(documents)
    left = [document for document in found if document is not None]
    after = iter(attack.apply_all(left, rng))
    for document in found:
        yield None if document is None else next(after)


def document_rng(seed: Sequence[int], document_id: str, purpose: str) -> np.random.Generator:
    """Return a generator that depends on the seed, the document's id and the purpose alone."""
    digest = hashlib.sha256(f"{purpose}\0{document_id}".encode()).digest()
    return np.random.default_rng([*seed, int.from_bytes(digest[:8], "big")])


def check_fraction(name: str, value: float) -> None:
    """Reject a share outside [0, 1].

    Raises:
        ValueError: It does not lie in [0, 1].
    """
    if not 0 <= value <= 1:
        raise ValueError(f"{name} must lie in [0, 1], got {value}")
