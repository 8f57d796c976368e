"""A vault that was opened: its hashes are checked, its texts are rebuilt from the ledger."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from watermark.document import Document, Mark, Marked, apply_choices, original_sites
from watermark.errors import VaultError
from watermark.keys import Key, read_key
from watermark.vault.commitment import commitment_line
from watermark.vault.plan import (
    COMMITMENT,
    KEY,
    LEDGER,
    PLAN,
    Plan,
    file_sha256,
    read_plan,
    text_sha256,
)
from watermark.vault.tables import VaultDocument, read_documents, read_rows


@dataclass(frozen=True)
class Vault:
    """A vault whose hashes have been checked."""

    folder: Path
    plan: Plan
    key: Key

    def documents(self) -> Iterator[VaultDocument]:
        """Yield the documents in the order of the corpus."""
        return read_documents(self.folder)

    def marks(self) -> Iterator[Mark]:
        """Yield the marks in the order of the corpus and of its texts."""
        known: dict[tuple[str, ...], tuple[str, ...]] = {}  # many sites have the same candidates
        for row in read_rows(self.folder / LEDGER):
            candidates = tuple(row["candidates"])
            yield Mark(**(row | {"candidates": known.setdefault(candidates, candidates)}))

    def marked(self) -> Iterator[tuple[VaultDocument, Marked]]:
        """Yield each document with its marked text, rebuilt from original and ledger.

        Raises:
            VaultError: Ledger and documents do not belong together.
        """
        marks = self.marks()
        mark = next(marks, None)
        for document in self.documents():
            mine: list[Mark] = []
            while mark is not None and mark.document_id == document.id:
                mine.append(mark)
                mark = next(marks, None)
            yield document, _rebuild(self.folder, document, mine)
        if mark is not None:
            raise VaultError(f"{self.folder / LEDGER}: {mark.document_id!r} is not a document")


def open_vault(folder: Path, key_file: Path | None = None) -> Vault:
    """Open a vault and check every hash in it.

    Raises:
        VaultError: It is not a vault, a file was altered, or the key is not the one it was
            marked with; the message names the file.
    """
    plan = read_plan(folder)
    for name, wanted in plan.files.items():
        found = file_sha256(folder / name)
        if found != wanted:
            raise VaultError(
                f"{folder / name}: altered since the corpus was marked "
                f"(SHA-256 {found[:16]}..., the plan says {wanted[:16]}...)"
            )
    key_path = key_file or folder / KEY
    if not key_path.exists():
        raise VaultError(f"{folder}: no key in it: say where it is with --key-file")
    key = read_key(key_path)
    if key.commitment() != plan.key_commitment:
        raise VaultError(f"{key_path}: not the key that {folder} was marked with")
    vault = Vault(folder, plan, key)
    _check_commitment(vault)
    return vault


def _check_commitment(vault: Vault) -> None:
    path = vault.folder / COMMITMENT
    try:
        written = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise VaultError(f"{path}: cannot be read ({error})") from error
    text = (vault.folder / PLAN).read_text(encoding="utf-8")
    if written != commitment_line(text, vault.key, vault.documents()):
        raise VaultError(
            f"{path}: does not match {PLAN}: one of the two was altered since the corpus was marked"
        )


def _rebuild(folder: Path, document: VaultDocument, marks: Sequence[Mark]) -> Marked:
    """Put the marks into the original text again."""
    original = Document(document.id, document.original)
    try:
        choices = [mark.candidates.index(mark.chosen) for mark in marks]
        marked = apply_choices(original, original_sites(marks), choices)
    except ValueError as error:
        raise VaultError(f"{folder / LEDGER}: {error}") from error
    if text_sha256(marked.document.text) != document.published_sha256:
        raise VaultError(f"{folder / LEDGER}: {document.id!r} is not the text that was published")
    return marked
