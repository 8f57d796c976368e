"""A corpus in two random halves, marked alike: members to train on, and outsiders to compare with.

The key of the seed decides the halves, whatever the scheme, so the schemes of one seed are compared
on the same members.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from membership.audit.corpus import AuditCorpus, load_audit_corpus
from pipelines.jobs.mark import mark_command
from watermark.document import Document
from watermark.keys import KEY_BYTES, Key, write_key
from watermark.marking.mark import Intent
from watermark.scheme import Scheme
from watermark.schemes.leximark import LexiMark
from watermark.text.protected_spans import Span
from watermark.vault.vault import Vault, open_vault


@dataclass(frozen=True)
class Arm:
    """How texts are marked before the model is trained on them."""

    scheme: Scheme | None
    """The scheme; None leaves the text as it is."""
    codebooks: int = 1
    """2: each half is marked by itself, as the released LexiMark code does. The outsiders then
    have other replacements than the members, and a difference between the halves is no longer a
    sign of training alone."""
    remark_alpha: float = 0.0
    """Level that the re-marking test must be able to reach; 0: it is not run."""


@dataclass(frozen=True)
class Halves:
    """Both halves as texts to run models over, with the key that marked the members."""

    corpus: AuditCorpus
    key: Key
    marked_words: Mapping[str, Sequence[Span]]
    """For each document, also of the outsiders, where its marks stand in the marked text."""

    @property
    def members(self) -> list[str]:
        """The texts to train on."""
        pairs = zip(self.corpus.documents, self.corpus.published, strict=True)
        return [document.text for document, published in pairs if published]


def make_halves(folder: Path, documents: Sequence[Document], arm: Arm, seed: int) -> Halves:
    """Cut a corpus in halves and mark them; a folder of an earlier run is taken up again.

    Args:
        folder: For the vaults.
        documents: The corpus; an odd number leaves one more among the members.
        arm: How to mark.
        seed: Seed of the key: the same one gives the same halves in every arm.
    """
    scheme = arm.scheme or LexiMark()
    both = mark_documents(
        folder / "both", documents, scheme, experiment_key(seed, 0), holdout_share=0.5
    )
    corpus = load_audit_corpus(both)
    if arm.scheme is None:
        none = tuple(() for _ in documents)
        unmarked = replace(corpus, documents=corpus.originals, sites=none, choices=none)
        return Halves(unmarked, both.key, {})
    if arm.codebooks == 1:
        return Halves(corpus, both.key, marked_words(both))
    vaults = [
        mark_documents(folder / name, part, scheme, experiment_key(seed, number), holdout_share=0.0)
        for number, (name, part) in enumerate(
            (
                ("members", _some(corpus.originals, corpus.published)),
                ("outsiders", _some(corpus.originals, ~corpus.published)),
            )
        )
    ]
    words = {name: spans for vault in vaults for name, spans in marked_words(vault).items()}
    return Halves(_side_by_side(*map(load_audit_corpus, vaults)), both.key, words)


def marked_words(vault: Vault) -> dict[str, list[Span]]:
    """Return for each document where its marks stand in the marked text."""
    found: dict[str, list[Span]] = {}
    for mark in vault.marks():
        span = (mark.start, mark.start + len(mark.chosen))
        found.setdefault(mark.document_id, []).append(span)
    return found


def _some(documents: Sequence[Document], chosen: np.ndarray) -> list[Document]:
    return [document for document, take in zip(documents, chosen, strict=True) if take]


def _side_by_side(members: AuditCorpus, outsiders: AuditCorpus) -> AuditCorpus:
    return AuditCorpus(
        documents=members.documents + outsiders.documents,
        published=np.repeat([True, False], [len(members.documents), len(outsiders.documents)]),
        originals=members.originals + outsiders.originals,
        sites=members.sites + tuple(() for _ in outsiders.documents),
        choices=members.choices + tuple(() for _ in outsiders.documents),
    )


def experiment_key(seed: int, number: int) -> Key:
    """Return a key that anyone can reproduce; it protects nothing."""
    return Key(np.random.default_rng([seed, number]).bytes(KEY_BYTES))


def mark_documents(
    folder: Path, documents: Sequence[Document], scheme: Scheme, key: Key, holdout_share: float
) -> Vault:
    """Mark documents with a key into a vault in a folder; an earlier run's is taken up again."""
    key_file = folder / "key"
    if not (folder / "vault").exists():
        folder.mkdir(parents=True, exist_ok=True)
        if not key_file.exists():
            write_key(key_file, key)
        corpus = folder / "corpus.jsonl"
        rows = (json.dumps({"id": d.id, "text": d.text}) + "\n" for d in documents)
        corpus.write_text("".join(rows), encoding="utf-8")
        mark_command(
            corpus,
            folder / "published",
            folder / "vault",
            Intent(scheme, test=scheme.tests[0], holdout_share=holdout_share),
            id_column="id",
            key_file=key_file,
        )
    return open_vault(folder / "vault", key_file)
