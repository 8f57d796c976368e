"""Parquet: schema, metadata, compression and about the size of row groups are kept."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from watermark.corpus.arrow_rows import batch_full_rows, batch_rows, check_schema, edit_batches
from watermark.corpus.rows import Columns, Edit, FullRow, Row, output_path
from watermark.errors import CorpusError

_ROWS_A_BATCH = 64
_BUFFER = 2**16
_BYTES_A_ROW_GROUP = 2**26  # what waits in memory to be written, at most


@dataclass(frozen=True)
class ParquetFile:
    """A Parquet file."""

    path: Path
    name: str
    """Its name in the output folder."""
    columns: Columns

    def rows(self) -> Iterator[Row]:
        """Yield the rows; columns that are not needed are not read."""
        with self._open() as source:
            check_schema(source.schema_arrow, self.columns, str(self.path))
            wanted = {self.columns.text: None, self.columns.id or self.columns.text: None}
            yield from batch_rows(self._batches(source, wanted), self.columns, str(self.path))

    def full_rows(self) -> Iterator[FullRow]:
        """Yield the same rows with all their columns."""
        with self._open() as source:
            check_schema(source.schema_arrow, self.columns, str(self.path))
            batches = self._batches(source, source.schema_arrow.names)
            yield from batch_full_rows(batches, self.columns, str(self.path))

    def rewrite(self, folder: Path, edit: Edit) -> None:
        """Write the rows again with their texts replaced."""
        with self._open() as source:
            schema, metadata = source.schema_arrow, source.metadata
            check_schema(schema, self.columns, str(self.path))
            groups = map(metadata.row_group, range(metadata.num_row_groups))
            group_rows = max([1, *(group.num_rows for group in groups)])
            batches = self._batches(source, schema.names, min(group_rows, _ROWS_A_BATCH))
            edited = edit_batches(batches, self.columns, str(self.path), edit)
            path, codecs = output_path(folder, self.name), _codecs(metadata)
            with pq.ParquetWriter(path, schema, compression=codecs) as out:
                for group in _groups(edited, group_rows):
                    out.write_table(pa.Table.from_batches(group, schema))

    def _open(self) -> Any:
        try:
            return pq.ParquetFile(self.path, pre_buffer=False, buffer_size=_BUFFER)
        except (OSError, pa.ArrowException) as error:
            raise self._unreadable(error) from error

    def _batches(
        self, source: Any, names: Iterable[str], size: int = _ROWS_A_BATCH
    ) -> Iterator[Any]:
        try:
            yield from source.iter_batches(size, columns=list(names))
        except (OSError, pa.ArrowException) as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: Exception) -> CorpusError:
        return CorpusError(
            f"{self.path}: could not be read as Parquet ({error}); if the file was cut short or "
            "damaged, fetch or make it again"
        )


def _codecs(metadata: Any) -> dict[str, str]:
    """Return the compression of each column, by its path."""
    if not metadata.num_row_groups:
        return {}
    columns = map(metadata.row_group(0).column, range(metadata.num_columns))
    return {
        column.path_in_schema: column.compression.replace("UNCOMPRESSED", "NONE")
        for column in columns
    }


def _groups(batches: Iterable[Any], n_rows: int) -> Iterator[list[Any]]:
    """Gather batches until they have that many rows, or fill the memory set aside for them."""
    group: list[Any] = []
    waiting_rows = waiting_bytes = 0
    for batch in batches:
        group.append(batch)
        waiting_rows += batch.num_rows
        waiting_bytes += batch.nbytes
        if waiting_rows >= n_rows or waiting_bytes >= _BYTES_A_ROW_GROUP:
            yield group
            group, waiting_rows, waiting_bytes = [], 0, 0
    if group:
        yield group
