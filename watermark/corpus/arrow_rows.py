"""Rows of an Arrow record batch: what Parquet, `datasets` folders and the hub have in common."""

from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa

from watermark.corpus.rows import Columns, Edit, FullRow, Row, find_column, make_full_row, make_row
from watermark.errors import CorpusError


def check_schema(schema: pa.Schema, columns: Columns, place: str) -> None:
    """Raise `CorpusError` unless the columns are there and the text is text."""
    type_ = schema.field(find_column(schema.names, columns.text, place)).type
    if columns.id is not None:
        find_column(schema.names, columns.id, place)
    if pa.types.is_dictionary(type_):
        type_ = type_.value_type
    if type_ not in (pa.string(), pa.large_string(), pa.string_view()):
        raise CorpusError(
            f"{place}: column {columns.text!r} must hold strings, got {type_}; name another "
            "column with --text-column"
        )


def batch_rows(batches: Iterable[Any], columns: Columns, place: str) -> Iterator[Row]:
    """Yield the rows of all batches; a row's place is its number in the file, from 1."""
    first = 1
    for batch in batches:
        yield from _rows(batch, columns, place, first)
        first += batch.num_rows


def batch_full_rows(batches: Iterable[Any], columns: Columns, place: str) -> Iterator[FullRow]:
    """Yield the rows of batches that have all columns."""
    first = 1
    for batch in batches:
        names = batch.schema.names
        for index, row in enumerate(_rows(batch, columns, place, first)):
            cells = (_value(batch.column(i), index, row.place) for i in range(len(names)))
            yield make_full_row(row, columns, zip(names, cells, strict=True))
        first += batch.num_rows


def edit_batches(batches: Iterable[Any], columns: Columns, place: str, edit: Edit) -> Iterator[Any]:
    """Yield the batches with the texts replaced and the rows that got none left out."""
    first = 1
    for batch in batches:
        texts = [edit(row) for row in _rows(batch, columns, place, first)]
        first += batch.num_rows
        kept = [index for index, text in enumerate(texts) if text is not None]
        if len(kept) < len(texts):
            # Not `take`: it does not know columns of type string_view.
            batch = pa.concat_batches([batch.slice(n, 1) for n in kept] or [batch.slice(0, 0)])
        position = batch.schema.get_field_index(columns.text)
        field = batch.schema.field(position)
        array = pa.array([texts[index] for index in kept], field.type)
        if array.type != field.type:
            raise CorpusError(
                f"{place}: column {columns.text!r} is a dictionary with {field.type.index_type} "
                "indices, too few for its texts; store it as plain strings"
            )
        yield batch.set_column(position, field, array)


def _rows(batch: Any, columns: Columns, place: str, first: int) -> Iterator[Row]:
    texts = batch.column(columns.text)
    names = None if columns.id is None else batch.column(columns.id)
    for index in range(batch.num_rows):
        here = f"{place}:{first + index}"
        name = None if names is None else _value(names, index, here)
        yield make_row(columns, _value(texts, index, here), name, here)


def _value(array: Any, index: int, place: str) -> object:
    try:
        return array[index].as_py()
    except UnicodeDecodeError as error:
        raise CorpusError(
            f"{place}: not UTF-8 at byte {error.start + 1} of the string; write the file again "
            "from text that is"
        ) from error
