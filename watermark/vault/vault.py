"""A vault that was opened: its hashes are checked, its texts are rebuilt from the ledger."""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from watermark.document import (
    Document,
    Mark,
    Marked,
    apply_choices,
    original_sites,
    sites_of,
    text_sha256,
)
from watermark.errors import VaultError
from watermark.keys import HOLDOUT, Key, limit_of_share, read_key
from watermark.limits import COMMITMENT_BYTES
from watermark.safe_json import read_bytes
from watermark.vault.check_draws import DrawNames, Draws
from watermark.vault.commitment import commitment_line
from watermark.vault.plan import (
    COMMITMENT,
    COUNTS,
    DOCUMENTS,
    KEY,
    LEDGER,
    PLAN,
    Plan,
    file_sha256,
    read_plan,
)
from watermark.vault.tables import LEDGER_SCHEMA, VaultDocument, read_documents, read_rows


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
        for row in read_rows(self.folder / LEDGER, LEDGER_SCHEMA):
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
    """Open a vault and check it as a whole.

    Every hash must be right, every text be rebuilt by its marks, every choice and the hold-out be
    those that the key draws, and the counts be those of the tables.

    Raises:
        VaultError: It is not a vault, a file was altered or made by hand, or the key is not the
            one it was marked with; the message names the file.
    """
    plan = read_plan(folder)
    for name, wanted in plan.files.items():
        found = file_sha256(folder / name)
        if found != wanted:
            raise VaultError(
                f"{folder / name}: altered since the corpus was marked "
                f"(SHA-256 {found[:16]}..., the plan says {wanted[:16]}...)"
            )
    key_path = find_key(folder, key_file)
    key = read_key(key_path)
    if key.commitment() != plan.key_commitment:
        raise VaultError(f"{key_path}: not the key that {folder} was marked with")
    vault = Vault(folder, plan, key)
    _check_commitment(vault)
    check_tables(vault)
    return vault


def find_key(folder: Path, key_file: Path | None) -> Path:
    """Return the path of the key of a vault: the given one, or that in the folder.

    Raises:
        VaultError: No key is found.
    """
    path = key_file or folder / KEY
    if not path.exists():
        raise VaultError(f"{folder}: no key in it: say where it is with --key-file")
    return path


def check_tables(vault: Vault) -> None:
    """Check ledger and documents against each other, against the key and against the plan.

    Raises:
        VaultError: The message names the file and what is wrong in it.
    """
    plan, ids = vault.plan, set[str]()
    draws = Draws(vault.folder / LEDGER, vault.key, plan.scheme.get("rule", "keyed"))
    names = DrawNames(vault.folder / LEDGER, plan.scheme) if plan.schema > 1 else None
    counts = dict.fromkeys(COUNTS, 0)
    fractions, held_out = array("Q"), list[bool]()
    for document, marked in vault.marked():
        if document.id in ids:
            raise VaultError(f"{vault.folder / DOCUMENTS}: has {document.id!r:.80} twice")
        ids.add(document.id)
        for mark in marked.marks:
            draws.add(mark)
        if names is not None:
            names.check(document.original, sites_of(marked))
        fractions.append(vault.key.fraction(HOLDOUT, plan.key_name(document.id, document.original)))
        held_out.append(document.status == "held out")
        counts["n_documents"] += 1
        counts["n_sites"] += len(marked.marks)
        counts["n_changed"] += sum(mark.chosen != mark.original for mark in marked.marks)
        counts["n_held_out"] += held_out[-1]
    draws.check_rule()
    for name, found in counts.items():
        if plan.corpus[name] != found:
            raise VaultError(
                f"{vault.folder / PLAN}: says {name} {plan.corpus[name]:,}, and the tables have "
                f"{found:,}"
            )
    limit = limit_of_share(fractions, plan.holdout_share)
    if held_out != [fraction < limit for fraction in fractions]:
        raise VaultError(
            f"{vault.folder / DOCUMENTS}: the documents held out are not those that the key chooses"
        )


def _check_commitment(vault: Vault) -> None:
    path = vault.folder / COMMITMENT
    try:
        written = read_bytes(path, COMMITMENT_BYTES).decode()
    except ValueError as error:
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
        choices = [_choice(mark) for mark in marks]
        marked = apply_choices(original, original_sites(marks), choices)
    except ValueError as error:
        raise VaultError(f"{folder / LEDGER}: {error}") from error
    if text_sha256(marked.document.text) != document.published_sha256:
        raise VaultError(f"{folder / LEDGER}: {document.id!r} is not the text that was published")
    return marked


def _choice(mark: Mark) -> int:
    if mark.chosen not in mark.candidates:
        raise ValueError(f"{mark.chosen!r:.80} is not among the candidates of {mark.draw!r:.80}")
    return mark.candidates.index(mark.chosen)
