"""Mark a corpus: find the sites, build the codebook, let the key draw, publish.

Three steps, each of which can be interrupted at any moment and resumed:

1. *index* (watermark/marking/site_index.py): slow, because the language models run; knows no key;
2. *codebook* (watermark/marking/codebook.py): what needs all sites; knows no key;
3. *write*: draw, write published texts and vault into a working folder
   (watermark/marking/workspace.py), move both into place.
"""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from watermark import assets
from watermark.atomic import alone_in
from watermark.corpus import Corpus
from watermark.corpus.address import Address
from watermark.document import Document, text_sha256
from watermark.errors import CorpusError, VaultError
from watermark.keys import HOLDOUT, Key, holdout_limit, read_key
from watermark.limits import MAX_ALPHA, is_level
from watermark.marking.codebook import build_codebook, draw_marks
from watermark.marking.site_index import (
    BATCH_FILES,
    FindSites,
    IndexedDocument,
    SiteIndex,
    index_sites,
)
from watermark.marking.workspace import (
    PUBLISHED,
    SITES,
    begin,
    check_finished,
    is_finished,
    make_request,
    move_into_place,
)
from watermark.scheme import Scheme, Test
from watermark.vault.plan import Plan, read_plan
from watermark.vault.writer import VaultWriter, check_targets


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
    public_references: tuple[str, ...] = field(
        default_factory=lambda: assets.PUBLIC_LANGUAGE_MODELS
    )
    """References of the audit if `references` names none; empty for none at all."""
    holdout_share: float = 0.1

    def __post_init__(self) -> None:
        """Reject invalid shares and levels."""
        if not 0 <= self.holdout_share <= 0.5:
            raise ValueError(f"holdout_share must lie in [0, 0.5], got {self.holdout_share}")
        if not is_level(self.alpha):
            raise ValueError(f"alpha must lie in (0, {MAX_ALPHA}), got {self.alpha}")

    def plan_fields(self) -> dict[str, Any]:
        """Return the part of a plan that is fixed before the corpus is read."""
        return {
            "scheme": self.scheme.describe(),
            "test": self.test,
            "detector": self.detector,
            "detector_with_reference": self.detector_with_reference,
            "alpha": self.alpha,
            "references": self.references,
            "public_references": () if self.references else self.public_references,
            "holdout_share": self.holdout_share,
        }


def mark_corpus(
    corpus: Corpus,
    published: Path | Address,
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
        published: The folder or address to write the marked texts to, in the form of the corpus.
        vault: The folder to keep private.
        intent: Scheme and plan.
        find_sites: Returns the sites of a batch of documents.
        made_with: Versions of program and language data, to note in the plan.
        key_file: A key to use instead of a fresh one; it is not copied into the vault.
        progress: Called with the number of documents indexed since the last call.

    Raises:
        CorpusError: The corpus cannot be read, or there is nothing in it to mark.
        VaultError: An unfinished run had other settings.
        ToolkitError: A target exists.
    """

    def make(work: Path, key: Key) -> None:
        found = _index_sites(corpus, work, find_sites, progress)
        if not found.n_sites:
            shutil.rmtree(work)
            raise nothing_to_mark(found.n_documents, intent.scheme, made_with)
        _write(corpus, work, intent, found, key, made_with)

    plan = mark_with(make, corpus, published, vault, intent, made_with=made_with, key_file=key_file)
    assert plan is not None
    return plan


def check_early(published: Path | Address, vault: Path, key_file: Path | None) -> None:
    """Refuse targets and keys before anything slow is done; `mark_with` checks them again.

    Raises:
        ToolkitError: A target exists or cannot be made, or there is no key in the file.
    """
    if key_file is not None:
        read_key(key_file)
    if not is_finished(_working_folder(vault)):
        check_targets(published, vault)


def _working_folder(vault: Path) -> Path:
    return vault.with_name(vault.name + ".partial")


def mark_with(
    make: Callable[[Path, Key], None],
    corpus: Corpus,
    published: Path | Address,
    vault: Path,
    intent: Intent,
    *,
    made_with: dict[str, str],
    key_file: Path | None = None,
) -> Plan | None:
    """Have a vault made in its working folder and move it into place.

    Args:
        make: Fills the working folder, which it is given with the key, or has others fill it.
        corpus: What to mark.
        published: The folder to write the marked texts to.
        vault: The folder to keep private.
        intent: Scheme and plan.
        made_with: Versions of program and language data.
        key_file: A key to use instead of a fresh one.

    Returns:
        The plan, or None if others fill the folder and have not finished.
    """
    given = None if key_file is None else read_key(key_file)
    request = make_request(corpus, intent.plan_fields(), made_with, given)
    work = _working_folder(vault)
    if not is_finished(work):
        check_targets(published, vault)
        work.mkdir(parents=True, exist_ok=True, mode=0o700)
    with alone_in(work) as alone:
        if not alone:
            raise VaultError(f"{work}: another run is using this folder: wait for it to end")
        if is_finished(work):
            check_finished(work, corpus, request)
        else:
            make(work, begin(work, request, given))
            if not is_finished(work):
                return None
        move_into_place(work, published, vault)
    return read_plan(vault)


def nothing_to_mark(n_documents: int, scheme: Scheme, made_with: dict[str, str]) -> CorpusError:
    """Return the error of a corpus without a site."""
    return CorpusError(
        f"{n_documents} documents read, but none that is to be marked has {scheme.needs}"
        f"{', allowed by the rules' * ('rules' in made_with)}"
    )


def _index_sites(
    corpus: Corpus, work: Path, find_sites: FindSites, progress: Callable[[int], None]
) -> SiteIndex:
    try:
        return index_sites(corpus.documents(), work / SITES, find_sites, progress)
    except CorpusError:
        if not any((work / SITES).glob(BATCH_FILES)):  # else: fix the line and resume from there
            shutil.rmtree(work)
        raise


def _write(
    corpus: Corpus,
    work: Path,
    intent: Intent,
    found: SiteIndex,
    key: Key,
    made_with: dict[str, str],
) -> None:
    """Write everything into the working folder; the plan comes last and marks the end."""
    shutil.rmtree(work / PUBLISHED, ignore_errors=True)
    with VaultWriter(work) as vault:
        corpus.rewrite(work / PUBLISHED, _mark_each(corpus, intent, found, key, vault))
    finish_vault(vault, intent, key, corpus.form, found.digest, made_with)


def finish_vault(
    vault: VaultWriter,
    intent: Intent,
    key: Key,
    form: str,
    digest: str,
    made_with: dict[str, str],
) -> None:
    """Write the plan and the commitment of a vault whose tables are complete."""
    plan = Plan(
        **intent.plan_fields(),
        corpus={
            "form": form,
            "sha256": digest,
            "n_documents": vault.n_documents,
            "n_sites": vault.n_sites,
            "n_changed": vault.n_changed,
            "n_held_out": vault.n_held_out,
        },
        key_commitment=key.commitment(),
        files={},
        made_with=made_with,
    )
    vault.finish(plan, key)


def _mark_each(
    corpus: Corpus, intent: Intent, found: SiteIndex, key: Key, vault: VaultWriter
) -> Iterator[str | None]:
    """Yield the text to publish of each document, None if held out; fill the vault meanwhile."""
    codebook = build_codebook(found, intent.scheme)
    limit = holdout_limit((d.text_sha256 for d in found), key, intent.holdout_share)
    for document, indexed in zip(corpus.documents(), found, strict=True):
        _check_unchanged(document, indexed)
        marked = draw_marks(document, indexed.sites, codebook, intent.scheme, key)
        held_out = key.fraction(HOLDOUT, indexed.text_sha256) < limit
        fits = {site.start: site.fits for site in indexed.sites}
        vault.add(document.text, marked, "held out" if held_out else "published", fits)
        yield None if held_out else marked.document.text


def _check_unchanged(document: Document, indexed: IndexedDocument) -> None:
    wanted = (indexed.document_id, indexed.text_sha256)
    if (document.id, text_sha256(document.text)) != wanted:
        raise CorpusError(f"the corpus changed while it was marked, at {document.id!r}")
