"""CSV and its relatives: a header, and a record a row.

Only the cell of the text is replaced in a record. All other characters stay as they are, so that
delimiters, line ends and quotation marks (which tell some readers that `"007"` is no number) need
not be guessed and written back.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from watermark.corpus.rows import (
    Columns,
    Edit,
    FullRow,
    Row,
    find_column,
    make_full_row,
    make_row,
    output_path,
)
from watermark.corpus.streams import BYTE_ORDER_MARK, line_writer, numbered_lines
from watermark.errors import CorpusError

_LONGEST_CELL = 2**31 - 1  # the csv module's own limit is 131,072 characters


class _Record(NamedTuple):
    cells: list[str]
    raw: str
    """The line or lines as they stand in the file."""
    line: int
    """Number of the first of them."""


class _Layout(NamedTuple):
    delimiter: str
    names: list[str]
    text: int
    """Position of the text's column."""
    id: int | None


@dataclass(frozen=True)
class CsvTable:
    """A file of delimited records, plain, .gz or .zst; every cell is a string.

    The delimiter is the one of comma, semicolon, tab and bar under which the header has the
    column of the text.
    """

    path: Path
    name: str
    """Its name in the output folder."""
    columns: Columns

    def rows(self) -> Iterator[Row]:
        """Yield a row for each record after the header that is not blank."""
        for _, row in self._records_and_rows(self._layout()):
            if row is not None:
                yield row

    def full_rows(self) -> Iterator[FullRow]:
        """Yield the same rows with all their cells."""
        layout = self._layout()
        for record, row in self._records_and_rows(layout):
            if row is not None:
                cells = zip(layout.names, record.cells, strict=True)
                yield make_full_row(row, self.columns, cells)

    def rewrite(self, folder: Path, edit: Edit) -> None:
        """Write the records again, with the cell of the text replaced where it changed."""
        layout = self._layout()
        with line_writer(output_path(folder, self.name)) as out:
            for record, row in self._records_and_rows(layout):
                if row is None:
                    out.write(record.raw.encode())
                    continue
                text = edit(row)
                if text is not None:
                    out.write(_replace_text(record, layout, text).encode())

    def _layout(self) -> _Layout:
        delimiters = "\t,;|" if ".tsv" in self.path.suffixes else ",;\t|"
        headers = {delimiter: _header(self.path, delimiter) for delimiter in delimiters}
        wanted = self.columns.text
        delimiter = max(headers, key=lambda sign: (wanted in headers[sign], len(headers[sign])))
        names = headers[delimiter]
        place = f"{self.path}:1"
        if not names:
            raise CorpusError(f"{place}: wanted a header, the names of the columns; got none")
        text = find_column(names, self.columns.text, place)
        name = None if self.columns.id is None else find_column(names, self.columns.id, place)
        return _Layout(delimiter, names, text, name)

    def _records_and_rows(self, layout: _Layout) -> Iterator[tuple[_Record, Row | None]]:
        """Yield all records; the header and blank lines have no row."""
        seen_header = False
        for record in _records(self.path, layout.delimiter):
            if record.cells and seen_header:
                yield record, self._row(record, layout)
            else:
                seen_header = seen_header or bool(record.cells)
                yield record, None

    def _row(self, record: _Record, layout: _Layout) -> Row:
        place = f"{self.path}:{record.line}"
        if len(record.cells) != len(layout.names):
            raise CorpusError(
                f"{place}: wanted {len(layout.names)} cells as in the header, got "
                f"{len(record.cells)}; put quotation marks around a cell that contains "
                f"{layout.delimiter!r}"
            )
        name = None if layout.id is None else record.cells[layout.id]
        return make_row(self.columns, record.cells[layout.text], name, place)


def _header(path: Path, delimiter: str) -> list[str]:
    lines = (raw.removeprefix(BYTE_ORDER_MARK) for _, raw in numbered_lines(path))
    try:
        return next((cells for cells in csv.reader(lines, delimiter=delimiter) if cells), [])
    except csv.Error:  # not this delimiter; with none, reading the records says what is wrong
        return []


def _records(path: Path, delimiter: str) -> Iterator[_Record]:
    """Yield all records, blank lines among them as records without cells.

    Raises:
        CorpusError: A quotation mark is out of place or missing, or the file cannot be read.
    """
    csv.field_size_limit(_LONGEST_CELL)
    taken: list[str] = []

    def feed() -> Iterator[str]:
        for number, raw in numbered_lines(path):
            taken.append(raw)
            yield raw.removeprefix(BYTE_ORDER_MARK) if number == 1 else raw

    reader = csv.reader(feed(), delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            yield _Record(cells, "".join(taken), line)
            taken.clear()
            line = reader.line_num + 1
    except csv.Error as error:
        raise CorpusError(
            f"{path}:{line}: not a record of a table ({error}); a quotation mark inside a quoted "
            "cell must be doubled, and a cell with line breaks must be quoted"
        ) from error


def _replace_text(record: _Record, layout: _Layout, text: str) -> str:
    """Return the raw record with another text, quoted as before or if it must be."""
    if text == record.cells[layout.text]:
        return record.raw
    start, end = _span(record.raw, layout.text, layout.delimiter)
    special = re.search(rf'["{re.escape(layout.delimiter)}\r\n]', text)
    if record.raw.startswith('"', start) or special or not text:
        text = '"' + text.replace('"', '""') + '"'
    return record.raw[:start] + text + record.raw[end:]


def _span(raw: str, position: int, delimiter: str) -> tuple[int, int]:
    """Return where the cell at a position begins and ends in a record that csv has accepted."""
    cell = re.compile(rf'"(?:[^"]++|"")*+"|[^{re.escape(delimiter)}\r\n]*')
    start = 0
    for _ in range(position):
        start = _end(cell, raw, start) + len(delimiter)
    return start, _end(cell, raw, start)


def _end(cell: re.Pattern[str], raw: str, start: int) -> int:
    match = cell.match(raw, start)
    assert match is not None  # a cell may be empty
    return match.end()
