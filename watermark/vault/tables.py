"""The two tables of a vault: the ledger, a row a site, and the documents."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from watermark.errors import VaultError
from watermark.vault.plan import DOCUMENTS

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
Status = Literal["published", "held out"]
ROWS_PER_GROUP = 10_000


@dataclass(frozen=True)
class VaultDocument:
    """An original document and its publication status."""

    id: str
    original: str
    published_sha256: str
    """Hash of the marked text, also for held-out documents."""
    status: Status


def read_documents(folder: Path) -> Iterator[VaultDocument]:
    """Yield the documents of a vault without checking anything."""
    for row in read_rows(folder / DOCUMENTS):
        yield VaultDocument(**row)


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table.

    Raises:
        VaultError: It cannot be read.
    """
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(ROWS_PER_GROUP):
                yield from batch.to_pylist()
    except (OSError, pa.ArrowInvalid) as error:
        raise VaultError(f"{path}: cannot be read ({error})") from error


class RowWriter:
    """Writes rows to a Parquet file in groups of fixed size: the same rows, the same bytes."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        """Open the file for writing."""
        self._schema = schema
        self._writer = pq.ParquetWriter(path, schema, compression="zstd")
        self._rows: list[Mapping[str, Any]] = []

    def add(self, row: Mapping[str, Any]) -> None:
        """Add a row."""
        self._rows.append(row)
        if len(self._rows) == ROWS_PER_GROUP:
            self._flush()

    def _flush(self) -> None:
        self._writer.write_table(pa.Table.from_pylist(self._rows, self._schema))
        self._rows = []

    def close(self) -> None:
        """Write what is left and close the file."""
        if self._rows:
            self._flush()
        self._writer.close()
