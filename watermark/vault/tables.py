"""The two tables of a vault: the ledger, a row a site, and the documents."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from watermark.errors import VaultError
from watermark.limits import ROW_GROUP_BYTES, VAULT_ROWS
from watermark.vault.plan import DOCUMENTS, FITS

LEDGER_SCHEMA = pa.schema(
    [
        ("document_id", pa.string()),
        ("start", pa.int64()),
        ("original", pa.string()),
        ("chosen", pa.string()),
        ("candidates", pa.list_(pa.string())),
        ("draw", pa.string()),
    ]
)
DOCUMENTS_SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("original", pa.string()),
        ("published_sha256", pa.string()),
        ("status", pa.string()),
    ]
)
FITS_SCHEMA = pa.schema(
    [("document_id", pa.string()), ("start", pa.int64()), ("fits", pa.list_(pa.float32()))]
)
"""`start` is the offset in the original text."""
Status = Literal["published", "held out"]
ROWS_AT_ONCE = 500
"""Rows that are read at a time."""
ROWS_PER_GROUP = 10_000
CHARACTERS_PER_GROUP = 1 << 22
"""A group ends with the row that reaches one of these, so that long documents do not fill the
memory."""


@dataclass(frozen=True)
class VaultDocument:
    """An original document and its publication status."""

    id: str
    original: str
    published_sha256: str
    """Hash of the marked text, also for held-out documents."""
    status: Status


def read_documents(folder: Path) -> Iterator[VaultDocument]:
    """Yield the documents of a vault; of the table only its form is checked."""
    for row in read_rows(folder / DOCUMENTS, DOCUMENTS_SCHEMA):
        if row["status"] not in get_args(Status):
            raise VaultError(f"{folder / DOCUMENTS}: {row['status']!r:.60} is not a status")
        yield VaultDocument(**row)


class FitRows:
    """The judgements of a vault's candidates, read beside its documents; older vaults lack them.

    They only order what an editor reads; the hashes in the plan do not cover them.
    """

    def __init__(self, folder: Path) -> None:
        """Open the table, if the vault has one."""
        self._path = folder / FITS
        self._rows = read_rows(self._path, FITS_SCHEMA) if self._path.exists() else iter(())
        self._next = next(self._rows, None)

    def of(self, document_id: str) -> dict[int, tuple[float, ...]]:
        """Return the fits at each offset of a document; ask in the order of the corpus."""
        found: dict[int, tuple[float, ...]] = {}
        while self._next is not None and self._next["document_id"] == document_id:
            fits = tuple(self._next["fits"])
            if not all(map(isfinite, fits)):
                raise VaultError(f"{self._path}: a fit of {document_id!r:.80} is not a number")
            found[self._next["start"]] = fits
            self._next = next(self._rows, None)
        return found


def read_rows(path: Path, schema: pa.Schema) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table; none has an empty cell.

    Raises:
        VaultError: It cannot be read, has other columns, is too large, or has an empty cell.
    """
    try:
        with pq.ParquetFile(path) as file:
            if not file.schema_arrow.equals(schema):
                found = ", ".join(f"{each.name} ({each.type})" for each in file.schema_arrow)
                raise VaultError(f"{path}: has the columns {found:.300}, which are not those")
            _check_sizes(path, file.metadata)
            for batch in _batches(file):
                for column in batch.columns:
                    inner = column.values if pa.types.is_list(column.type) else column
                    if column.null_count or inner.null_count:
                        raise VaultError(f"{path}: has an empty cell")
                batch.validate(full=True)
                yield from batch.to_pylist()
    except (OSError, pa.ArrowException, ValueError) as error:
        raise VaultError(f"{path}: cannot be read ({error})") from error


def _batches(file: pq.ParquetFile) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a table, a call to Arrow for each group.

    In one call for all of them, Arrow would hold what it has read of the file until the end, and a
    batch of long texts would span many groups; threads would keep memory of their own.
    """
    for number in range(file.metadata.num_row_groups):
        yield from file.iter_batches(ROWS_AT_ONCE, row_groups=[number], use_threads=False)


def _check_sizes(path: Path, about: pq.FileMetaData) -> None:
    if about.num_rows > VAULT_ROWS:
        raise VaultError(f"{path}: claims {about.num_rows:,} rows; at most {VAULT_ROWS:,} are read")
    for number in range(about.num_row_groups):
        group = about.row_group(number)
        if group.total_byte_size > ROW_GROUP_BYTES or group.num_rows > ROWS_PER_GROUP:
            raise VaultError(
                f"{path}: group {number} has more than {ROWS_PER_GROUP:,} rows or 1 GiB"
            )


def read_tables(path: Path) -> Iterator[pa.Table]:
    """Yield a table that was written here, a group of rows at a time."""
    with pq.ParquetFile(path) as file:
        for number in range(file.metadata.num_row_groups):
            yield file.read_row_group(number, use_threads=False)


def _rows_of_whole_group(table: pa.Table) -> int:
    """Return how many rows at the beginning of a table fill a group; 0 if it has too few."""
    texts = [column for column in table.columns if pa.types.is_string(column.type)]
    sizes = sum(pc.utf8_length(column).to_numpy().astype(np.int64) for column in texts)
    full = np.flatnonzero(np.cumsum(sizes) >= CHARACTERS_PER_GROUP)
    n_rows = min(int(full[0]) + 1 if len(full) else ROWS_PER_GROUP, ROWS_PER_GROUP)
    return n_rows if len(table) >= n_rows else 0


class RowWriter:
    """Writes rows to a Parquet file in groups that depend on the rows alone."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        """Open the file for writing."""
        self._schema = schema
        self._writer = pq.ParquetWriter(
            path,
            schema,
            compression="zstd",
            write_statistics=False,  # held until the end: texts, two a group and column
        )
        self._rows: list[Mapping[str, Any]] = []
        self._n_characters = 0
        self._tables: list[pa.Table] = []

    def add(self, row: Mapping[str, Any]) -> None:
        """Add a row."""
        self._rows.append(row)
        self._n_characters += sum(len(value) for value in row.values() if isinstance(value, str))
        if len(self._rows) == ROWS_PER_GROUP or self._n_characters >= CHARACTERS_PER_GROUP:
            self._flush()

    def _flush(self) -> None:
        self._writer.write_table(pa.Table.from_pylist(self._rows, self._schema))
        self._rows, self._n_characters = [], 0

    def append(self, table: pa.Table) -> None:
        """Add the rows of a table; nothing else may be added before or after, but more tables."""
        whole = pa.concat_tables([*self._tables, table])
        while n_rows := _rows_of_whole_group(whole):
            self._writer.write_table(whole.slice(0, n_rows).combine_chunks())
            whole = whole.slice(n_rows)
        self._tables = [whole]

    def close(self) -> None:
        """Write what is left and close the file."""
        if any(map(len, self._tables)):
            self._writer.write_table(pa.concat_tables(self._tables).combine_chunks())
        if self._rows:
            self._flush()
        self._writer.close()
        del self._writer  # and with it what it holds of each group
