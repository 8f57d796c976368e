"""Mark a corpus: find the sites, settle the corpus, let the key draw, publish.

Three steps, each of which can be cut at any moment and taken up again:

1. *survey* (watermark/survey.py): slow, because the language models run; knows no key;
2. *settle* (watermark/settle.py): what needs all sites; knows no key;
3. *write*: draw, write published texts and vault into a working folder, move both into place.

The working folder is `VAULT.partial`, beside the vault to be. It holds the key from the first
moment on, so that a run that was cut ends with the same coins.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from watermark.atomic import atomic_file
from watermark.corpus import Corpus
from watermark.document import Document
from watermark.errors import CorpusError, VaultError
from watermark.keys import Key, new_key, read_key, write_key
from watermark.schemes.leximark import LexiMark
from watermark.settle import Settlement, draw_marks, settle
from watermark.survey import FindSites, Survey, survey
from watermark.vault import (
    COMMITMENT,
    DOCUMENTS,
    DOCUMENTS_SCHEMA,
    KEY,
    LEDGER,
    LEDGER_SCHEMA,
    PLAN,
    Plan,
    RowWriter,
    commitment_line,
    file_sha256,
    text_sha256,
)

REQUEST, SITES, PUBLISHED = "request.json", "sites", "published"
"""What the working folder holds beside the files of the vault."""


@dataclass(frozen=True)
class Intent:
    """What the owner decides before anything is published."""

    scheme: LexiMark
    test: str = "redraw"
    detector: str = "min_k_plus_plus"
    alpha: float = 0.001
    references: tuple[str, ...] = ()
    holdout_share: float = 0.1

    def __post_init__(self) -> None:
        """Refuse shares and levels that are none."""
        if not 0 <= self.holdout_share <= 0.5:
            raise ValueError(f"holdout_share must lie in [0, 0.5], got {self.holdout_share}")
        if not 0 < self.alpha < 1:
            raise ValueError(f"alpha must lie in (0, 1), got {self.alpha}")


@dataclass(frozen=True)
class Result:
    """What marking did, in numbers."""

    n_documents: int
    n_held_out: int
    n_sites: int
    n_changed: int
    n_draws: int
    commitment: str


def mark_corpus(
    corpus: Corpus,
    published: Path,
    vault: Path,
    intent: Intent,
    find_sites: FindSites,
    *,
    key_file: Path | None = None,
    made_with: dict[str, str],
    progress: Callable[[int], None] = lambda n: None,
) -> Result:
    """Mark a corpus, write the texts to publish, and fill a vault.

    Args:
        corpus: What to mark. It is never written to.
        published: The folder to write the marked texts to, in the form of the corpus.
        vault: The folder to keep private.
        intent: Scheme and plan.
        find_sites: Gives the sites of a batch of documents.
        key_file: A key to use instead of a fresh one; it is not copied into the vault.
        made_with: Versions to note in the plan.
        progress: Called with the number of documents surveyed since the last call.

    Raises:
        CorpusError: The corpus cannot be read, or there is nothing in it to mark.
        VaultError: A target exists, or an unfinished run had other settings.
    """
    work = vault.with_name(vault.name + ".partial")
    if not (work / PLAN).exists():
        _refuse_existing(published, vault)
        key = _begin(work, _request(corpus, intent, made_with, key_file), key_file)
        found = survey(corpus.documents(), work / SITES, find_sites, progress)
        if not found.n_sites:
            raise CorpusError(
                f"{found.n_documents} documents read, but no sentence in them has a word with an "
                "admissible synonym: is it English prose? `leximark candidates` shows why"
            )
        _write(corpus, work, intent, found, key, made_with)
    _move_into_place(work, published, vault)
    return result_of(vault, key_file)


def _refuse_existing(published: Path, vault: Path) -> None:
    for path in (published, vault):
        if path.exists():
            raise VaultError(f"{path}: exists already: name another folder or remove it")


def _request(
    corpus: Corpus, intent: Intent, made_with: dict[str, str], key_file: Path | None
) -> dict[str, Any]:
    return {
        "plan": _plan_fields(intent),
        "form": corpus.form,
        "made_with": made_with,
        "key_elsewhere": key_file is not None,
    }


def _begin(work: Path, request: dict[str, Any], key_file: Path | None) -> Key:
    """Make the working folder, or check that it is of the same request; return the key."""
    text = json.dumps(request, sort_keys=True, indent=2)
    if (work / REQUEST).exists():
        if (work / REQUEST).read_text(encoding="utf-8") != text:
            raise VaultError(
                f"{work}: left by an unfinished run with other settings: "
                "repeat that command, or remove the folder to begin anew"
            )
    else:
        work.mkdir(parents=True, exist_ok=True, mode=0o700)
        with atomic_file(work / REQUEST) as temporary:
            temporary.write_text(text, encoding="utf-8")
    if key_file is not None:
        return read_key(key_file)
    if not (work / KEY).exists():
        with atomic_file(work / KEY) as temporary:
            temporary.unlink(missing_ok=True)
            write_key(temporary, new_key())
    return read_key(work / KEY)


def held_out(ids: Iterator[str], key: Key, share: float) -> frozenset[str]:
    """Return the ids of a uniformly random `share` of the documents, chosen by the key."""
    names = list(ids)
    order = np.argsort([key.fraction("hold-out", name) for name in names], kind="stable")
    return frozenset(names[i] for i in order[: round(share * len(names))])


def _write(
    corpus: Corpus,
    work: Path,
    intent: Intent,
    found: Survey,
    key: Key,
    made_with: dict[str, str],
) -> None:
    settlement = settle(found.sites(), intent.scheme)
    withheld = held_out((d.document_id for d in found), key, intent.holdout_share)
    shutil.rmtree(work / PUBLISHED, ignore_errors=True)
    editor = _Editor(work, found, intent.scheme, settlement, withheld, key)
    corpus.rewrite(work / PUBLISHED, editor.edit)
    editor.close()
    plan = Plan(
        **_plan_fields(intent),
        corpus={
            "form": corpus.form,
            "sha256": found.digest,
            "n_documents": found.n_documents,
            "n_held_out": len(withheld),
            "n_sites": editor.n_marks,
        },
        key_commitment=key.commitment(),
        files={name: file_sha256(work / name) for name in (LEDGER, DOCUMENTS)},
        made_with=made_with,
    )
    line = commitment_line(plan.to_json(), key, editor.documents())
    for name, text in ((COMMITMENT, line), (PLAN, plan.to_json())):  # the plan last: it says "done"
        with atomic_file(work / name) as temporary:
            temporary.write_text(text, encoding="utf-8")


def _plan_fields(intent: Intent) -> dict[str, Any]:
    return {
        "scheme": intent.scheme.describe(),
        "test": intent.test,
        "detector": intent.detector,
        "alpha": intent.alpha,
        "references": list(intent.references),
        "holdout_share": intent.holdout_share,
    }


class _Editor:
    """Marks one document after the other and writes ledger and documents as it goes."""

    def __init__(
        self,
        work: Path,
        found: Survey,
        scheme: LexiMark,
        settlement: Settlement,
        withheld: frozenset[str],
        key: Key,
    ) -> None:
        self._surveyed = iter(found)
        self._scheme, self._settlement, self._key = scheme, settlement, key
        self._withheld = withheld
        self._ledger = RowWriter(work / LEDGER, LEDGER_SCHEMA)
        self._documents = RowWriter(work / DOCUMENTS, DOCUMENTS_SCHEMA)
        self.n_marks = 0

    def edit(self, document: Document) -> str | None:
        """Return the marked text, or None for a document that is held out."""
        mine = next(self._surveyed)
        if mine.document_id != document.id:
            raise CorpusError(f"the corpus changed while it was marked: {document.id!r} came up")
        marked = draw_marks(document, mine.sites, self._settlement, self._scheme, self._key)
        for mark in marked.marks:
            self._ledger.add(vars(mark))
        self.n_marks += len(marked.marks)
        withheld = document.id in self._withheld
        self._documents.add(
            {
                "id": document.id,
                "original": document.text,
                "published_sha256": text_sha256(marked.document.text),
                "status": "held out" if withheld else "published",
            }
        )
        return None if withheld else marked.document.text
