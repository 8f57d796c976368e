"""Write a vault: the tables while the documents pass, then plan and commitment."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow.compute as pc

from watermark.atomic import atomic_file, refuse_existing
from watermark.corpus.address import Address, refuse_used
from watermark.document import Marked, sites_of, text_sha256
from watermark.errors import VaultError
from watermark.keys import Key
from watermark.vault.commitment import commitment_line
from watermark.vault.plan import (
    COMMITMENT,
    DOCUMENTS,
    FITS,
    LEDGER,
    PLAN,
    Plan,
    file_sha256,
)
from watermark.vault.tables import (
    DOCUMENTS_SCHEMA,
    FITS_SCHEMA,
    LEDGER_SCHEMA,
    RowWriter,
    Status,
    VaultDocument,
    read_documents,
    read_tables,
)


class VaultWriter:
    """Fills a folder with the files of a vault, all but the key.

    Use it as a context while documents are added, and call `finish` after the block.
    """

    def __init__(self, folder: Path) -> None:
        """Open both tables for writing; what a run that was cut left there is written over."""
        self._folder = folder
        self._ledger = RowWriter(folder / LEDGER, LEDGER_SCHEMA)
        self._documents = RowWriter(folder / DOCUMENTS, DOCUMENTS_SCHEMA)
        (folder / FITS).unlink(missing_ok=True)
        self._fits: RowWriter | None = None
        self.n_documents = self.n_sites = self.n_changed = self.n_held_out = 0

    def __enter__(self) -> Self:
        """Return the writer."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the tables."""
        self._ledger.close()
        self._documents.close()
        if self._fits is not None:
            self._fits.close()

    def add(
        self, original: str, marked: Marked, status: Status, fits: Mapping[int, Sequence[float]]
    ) -> None:
        """Add a document and its marks; documents come in the order of the corpus.

        Args:
            original: Its text as it was read.
            marked: The document with its marks.
            status: Whether it is published.
            fits: How acceptable the candidates are, at the offset in the original of each site
                where that is known; the table begins with the first of them.
        """
        for site in sites_of(marked) if fits else ():
            if found := fits.get(site.start):
                row = {"document_id": site.document_id, "start": site.start}
                self._fits_table().add(row | {"fits": list(found)})
        for mark in marked.marks:
            self._ledger.add(vars(mark))
        document = marked.document
        digest = text_sha256(document.text)
        self._documents.add(vars(VaultDocument(document.id, original, digest, status)))
        self.n_documents += 1
        self.n_sites += len(marked.marks)
        self.n_changed += sum(mark.chosen != mark.original for mark in marked.marks)
        self.n_held_out += status == "held out"

    def _fits_table(self) -> RowWriter:
        self._fits = self._fits or RowWriter(self._folder / FITS, FITS_SCHEMA)
        return self._fits

    def append(self, folder: Path) -> None:
        """Add the tables that another writer filled; parts come in the order of the corpus."""
        for batch in read_tables(folder / LEDGER):
            self._ledger.append(batch)
            self.n_sites += len(batch)
            changed = pc.sum(pc.not_equal(batch["chosen"], batch["original"])).as_py()
            self.n_changed += changed or 0
        for batch in read_tables(folder / DOCUMENTS):
            self._documents.append(batch)
            self.n_documents += len(batch)
            self.n_held_out += pc.sum(pc.equal(batch["status"], "held out")).as_py() or 0

        if (folder / FITS).exists():
            for batch in read_tables(folder / FITS):
                self._fits_table().append(batch)

    def finish(self, plan: Plan, key: Key) -> Plan:
        """Write commitment and plan; the plan comes last and says that the vault is complete.

        Args:
            plan: The plan without the hashes of the tables.
            key: The key that drew the marks.

        Returns:
            The plan with them, as it was written.
        """
        tables = (LEDGER, DOCUMENTS)
        plan = replace(plan, files={name: file_sha256(self._folder / name) for name in tables})
        line = commitment_line(plan.to_json(), key, read_documents(self._folder))
        for name, text in ((COMMITMENT, line), (PLAN, plan.to_json())):
            (self._folder / name).unlink(missing_ok=True)
            with atomic_file(self._folder / name) as draft:
                draft.write_text(text, encoding="utf-8")
        return plan


def check_targets(published: Path | Address, vault: Path) -> None:
    """Refuse targets that exist, cannot be made, or lie inside each other.

    Raises:
        ToolkitError: One of them; says why.
    """
    if isinstance(published, Address):
        refuse_used(published)
        paths: tuple[Path, ...] = (vault,)
    else:
        inner, outer = published.resolve(), vault.resolve()
        if inner.is_relative_to(outer) or outer.is_relative_to(inner):
            raise VaultError(
                f"{published} is to be published and {vault} holds the key: "
                "neither may lie inside the other"
            )
        paths = (published, vault)
    for path in paths:
        refuse_existing(path)
        nearest = next(folder for folder in path.absolute().parents if folder.exists())
        if not nearest.is_dir():
            raise VaultError(f"{path}: cannot be made, {nearest.name} is a file")
