"""Mark a corpus: find the sites, build the codebook, draw with the key, publish.

Three steps, each of which can be interrupted at any moment and resumed:

1. *index* (watermark/marking/site_index.py): slow, because language models run; uses no key;
2. *codebook* (watermark/marking/codebook.py): rules that need all sites; uses no key;
3. *write*: draw, write published texts and vault into a working folder, move both into place.

The working folder is `VAULT.partial`, next to the future vault. It holds the key from the start, so
that an interrupted run ends with the same coins.
"""

import filecmp
import json
import shutil
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from watermark.atomic import alone_in, atomic_file, atomic_folder
from watermark.corpus import Corpus, corpus_digest
from watermark.document import Document, Marked, Site
from watermark.errors import CorpusError, VaultError
from watermark.keys import Key, new_key, read_key, write_key
from watermark.marking.codebook import build_codebook, draw_marks
from watermark.marking.site_index import FindSites, SiteIndex, index_sites
from watermark.scheme import Scheme, Test
from watermark.vault.vault import (
    COMMITMENT,
    DOCUMENTS,
    DOCUMENTS_SCHEMA,
    KEY,
    LEDGER,
    LEDGER_SCHEMA,
    PLAN,
    Plan,
    RowWriter,
    check_targets,
    commitment_line,
    file_sha256,
    read_documents,
    read_plan,
    text_sha256,
)

REQUEST, SITES, PUBLISHED = "request.json", "sites", "published"
"""Files of the working folder that are not part of the vault."""


@dataclass(frozen=True)
class Intent:
    """The owner's decisions before anything is published."""

    scheme: Scheme
    test: Test = "redraw"
    """The primary test of evidence."""
    detector: str = "min_k_plus_plus"
    """Detector of the tests other than the re-draw test, without a reference."""
    detector_with_reference: str = "loss_minus_reference"
    """Detector of these tests with a reference."""
    alpha: float = 0.001
    references: tuple[str, ...] = ()
    holdout_share: float = 0.1

    def __post_init__(self) -> None:
        """Reject invalid shares and levels."""
        if not 0 <= self.holdout_share <= 0.5:
            raise ValueError(f"holdout_share must lie in [0, 0.5], got {self.holdout_share}")
        if not 0 < self.alpha < 1:
            raise ValueError(f"alpha must lie in (0, 1), got {self.alpha}")

    def plan_fields(self) -> dict[str, Any]:
        """Return the part of a plan that is fixed before the corpus is read."""
        return {
            "scheme": self.scheme.describe(),
            "test": self.test,
            "detector": self.detector,
            "detector_with_reference": self.detector_with_reference,
            "alpha": self.alpha,
            "references": self.references,
            "holdout_share": self.holdout_share,
        }


def mark_corpus(
    corpus: Corpus,
    published: Path,
    vault: Path,
    intent: Intent,
    find_sites: FindSites,
    *,
    made_with: dict[str, str],
    key_file: Path | None = None,
    progress: Callable[[int], None] = lambda n: None,
) -> Plan:
    """Mark a corpus, write the texts to publish, fill a vault, and return its plan.

    Args:
        corpus: What to mark. It is never written to.
        published: The folder to write the marked texts to, in the form of the corpus.
        vault: The folder to keep private.
        intent: Scheme and plan.
        find_sites: Returns the sites of a batch of documents.
        made_with: Versions of program and language data, to note in the plan.
        key_file: A key to use instead of a fresh one; it is not copied into the vault.
        progress: Called with the number of documents indexed since the last call.

    Raises:
        CorpusError: The corpus cannot be read, or there is nothing in it to mark.
        VaultError: A target exists, or an unfinished run had other settings.
    """
    given = None if key_file is None else read_key(key_file)
    request = _without_tolerance(
        {
            **intent.plan_fields(),
            "form": corpus.form,
            "made_with": made_with,
            "key": given and given.commitment(),
        }
    )
    work = vault.with_name(vault.name + ".partial")
    if not (work / PLAN).exists():
        check_targets(published, vault)
        work.mkdir(parents=True, exist_ok=True, mode=0o700)
    with alone_in(work) as alone:
        if not alone:
            raise VaultError(f"{work}: another run is using this folder: wait for it to end")
        if (work / PLAN).exists():
            _check_finished(work, corpus, request)
        else:
            key = _begin(work, request, given)
            found = _index_sites(corpus, work, find_sites, progress)
            if not found.n_sites:
                shutil.rmtree(work)
                raise CorpusError(
                    f"{found.n_documents} documents read, but none that is to be marked has "
                    f"{intent.scheme.needs}"
                )
            _write(corpus, work, intent, found, key, made_with)
        _move_into_place(work, published, vault)
    return read_plan(vault)


def _check_finished(work: Path, corpus: Corpus, request: Mapping[str, Any]) -> None:
    """Check that the finished work of an interrupted run matches the current request."""
    plan = read_plan(work)
    made = {
        **{name: getattr(plan, name) for name in request if hasattr(plan, name)},
        "form": plan.corpus["form"],
        "key": None if (work / KEY).exists() else plan.key_commitment,
    }
    same = _written(_without_tolerance(made)) == _written(request)
    if not same or corpus_digest(corpus.documents()) != plan.corpus["sha256"]:
        raise VaultError(_LEFT.format(work=work))


def _index_sites(
    corpus: Corpus, work: Path, find_sites: FindSites, progress: Callable[[int], None]
) -> SiteIndex:
    try:
        return index_sites(corpus.documents(), work / SITES, find_sites, progress)
    except CorpusError:
        if not any((work / SITES).glob("*.parquet")):  # else: fix the line and resume from there
            shutil.rmtree(work)
        raise


_LEFT = (
    "{work}: left by an unfinished run with other settings, another key or another corpus: "
    "repeat that command, or remove the folder to begin anew"
)


def _written(request: Mapping[str, Any]) -> str:
    return json.dumps(request, sort_keys=True, indent=2)


def _begin(work: Path, request: Mapping[str, Any], given: Key | None) -> Key:
    """Record the request, or check that it matches the unfinished run; return the key."""
    text = _written(request)
    if not (work / REQUEST).exists():
        with atomic_file(work / REQUEST) as draft:
            draft.write_text(text, encoding="utf-8")
    elif (work / REQUEST).read_text(encoding="utf-8") != text:
        raise VaultError(_LEFT.format(work=work))
    if given is not None:
        return given
    if not (work / KEY).exists():
        with atomic_file(work / KEY) as draft:
            write_key(draft, new_key())
    return read_key(work / KEY)


def _without_tolerance(value: Any) -> Any:
    """Remove the number of allowed failures, so that a stopped run may allow more."""
    if not isinstance(value, dict):
        return value
    return {k: _without_tolerance(v) for k, v in value.items() if k != "max_failures"}


def holdout_limit(ids: Iterator[str], key: Key, share: float) -> int:
    """Return a limit such that `share` of the documents have a fraction below it.

    The key gives every document a uniform random fraction; those below the limit are held out,
    a uniformly random subset of fixed size. Takes 8 bytes per document.
    """
    fractions = np.sort(np.fromiter((key.fraction("hold-out", i) for i in ids), dtype=np.uint64))
    n = round(share * len(fractions))
    return int(fractions[n]) if n < len(fractions) else 2**64


def _write(
    corpus: Corpus,
    work: Path,
    intent: Intent,
    found: SiteIndex,
    key: Key,
    made_with: dict[str, str],
) -> None:
    """Write everything into the working folder; the plan comes last and marks the end."""
    codebook = build_codebook(found.sites(), intent.scheme)
    limit = holdout_limit((d.document_id for d in found), key, intent.holdout_share)

    def draw(document: Document, sites: Sequence[Site]) -> Marked:
        return draw_marks(document, sites, codebook, intent.scheme, key)

    def is_held_out(document_id: str) -> bool:
        return key.fraction("hold-out", document_id) < limit

    shutil.rmtree(work / PUBLISHED, ignore_errors=True)
    counts = _Counts()
    texts = _mark_each(corpus, found, draw, is_held_out, work, counts)
    corpus.rewrite(work / PUBLISHED, texts)
    deque(texts, maxlen=0)  # the last ones may all be held out
    plan = Plan(
        **intent.plan_fields(),
        corpus={
            "form": corpus.form,
            "sha256": found.digest,
            "n_documents": found.n_documents,
            **asdict(counts),
        },
        key_commitment=key.commitment(),
        files={name: file_sha256(work / name) for name in (LEDGER, DOCUMENTS)},
        made_with=made_with,
    )
    line = commitment_line(plan.to_json(), key, read_documents(work))
    for name, text in ((COMMITMENT, line), (PLAN, plan.to_json())):
        (work / name).unlink(missing_ok=True)
        with atomic_file(work / name) as draft:
            draft.write_text(text, encoding="utf-8")


@dataclass
class _Counts:
    n_sites: int = 0
    n_changed: int = 0
    n_held_out: int = 0


def _mark_each(
    corpus: Corpus,
    found: SiteIndex,
    draw: Callable[[Document, Sequence[Site]], Marked],
    is_held_out: Callable[[str], bool],
    work: Path,
    counts: _Counts,
) -> Iterator[Document]:
    """Yield the documents to publish; write ledger and documents as they pass."""
    with (
        closing(RowWriter(work / LEDGER, LEDGER_SCHEMA)) as ledger,
        closing(RowWriter(work / DOCUMENTS, DOCUMENTS_SCHEMA)) as documents,
    ):
        for document, mine in zip(corpus.documents(), found, strict=True):
            if mine.document_id != document.id or mine.text_sha256 != text_sha256(document.text):
                raise CorpusError(f"the corpus changed while it was marked, at {document.id!r}")
            marked = draw(document, mine.sites)
            for mark in marked.marks:
                ledger.add(vars(mark))
            withheld = is_held_out(document.id)
            documents.add(
                {
                    "id": document.id,
                    "original": document.text,
                    "published_sha256": text_sha256(marked.document.text),
                    "status": "held out" if withheld else "published",
                }
            )
            counts.n_sites += len(marked.marks)
            counts.n_changed += sum(mark.chosen != mark.original for mark in marked.marks)
            counts.n_held_out += withheld
            if not withheld:
                yield marked.document


def _move_into_place(work: Path, published: Path, vault: Path) -> None:
    """Move published texts and vault into place; the next run completes an interruption."""
    made = work / PUBLISHED
    if made.exists():
        if not published.exists():
            with atomic_folder(published) as draft:  # copied: it may be on another disk
                shutil.copytree(made, draft, dirs_exist_ok=True)
        elif not _same_trees(made, published):
            raise VaultError(f"{published}: exists already: name another folder or remove it")
        shutil.rmtree(made)
    _finish(work, vault)


def _finish(work: Path, vault: Path) -> None:
    shutil.rmtree(work / SITES, ignore_errors=True)
    for draft in work.glob(".*.partial"):  # of a run that was killed
        shutil.rmtree(draft)
    (work / REQUEST).unlink(missing_ok=True)
    work.rename(vault)


def _same_trees(one: Path, other: Path) -> bool:
    names = {path.relative_to(one) for path in one.rglob("*") if path.is_file()}
    if names != {path.relative_to(other) for path in other.rglob("*") if path.is_file()}:
        return False
    return all(filecmp.cmp(one / name, other / name, shallow=False) for name in names)
