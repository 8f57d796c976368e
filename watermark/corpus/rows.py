"""What the forms of a corpus have in common: rows, and the two columns that matter in them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from watermark.errors import CorpusError


@dataclass(frozen=True)
class Columns:
    """The columns that are read; the others are carried along."""

    text: str = "text"
    id: str | None = None
    """Without one, a document goes by the hash of its text."""


class Row(NamedTuple):
    """One document as its form gives it."""

    text: str
    id: str | None
    """None when the corpus has no id column."""
    place: str
    """File and line (or row), for messages."""


class FullRow(NamedTuple):
    """One document with everything else that stands in its row."""

    row: Row
    columns: Mapping[str, Any]
    """All columns but those of text and id, in the order of the file."""


Edit = Callable[[Row], str | None]
"""Returns the text that the row is to have, or None to leave the row out."""


class Part(Protocol):
    """One file, shard, split or folder of texts."""

    def rows(self) -> Iterator[Row]:
        """Yield the rows in order, the same ones at each call."""

    def full_rows(self) -> Iterator[FullRow]:
        """Yield the same rows with all their columns."""

    def rewrite(self, folder: Path, edit: Edit) -> None:
        """Write the part into a folder under its own name, each row as `edit` says."""


class ColumnError(CorpusError):
    """Raised when the column that was named is not in the data set."""

    def __init__(self, fact: str, column: str) -> None:
        """Make the message.

        Args:
            fact: What is wrong, without advice; some commands name columns by other options.
            column: The name that was wanted.
        """
        super().__init__(
            f"{fact}. Name the column of the text with --text-column and that of the ids with "
            "--id-column"
        )
        self.fact = fact
        self.column = column


def output_path(folder: Path, name: str) -> Path:
    """Return the path of a part in the output folder; make its parent folder if needed."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def find_column(names: Sequence[str], wanted: str, place: str) -> int:
    """Return the position of a column.

    Raises:
        ColumnError: No column has that name.
        CorpusError: There is more than one.
    """
    count = names.count(wanted)
    if count == 1:
        return names.index(wanted)
    if count:
        raise CorpusError(f"{place}: {count} columns are named {wanted!r}; rename all but one")
    there = f"the columns are {', '.join(map(repr, names))}" if names else "there are no columns"
    raise ColumnError(f"{place}: no column {wanted!r}; {there}", wanted)


def make_row(columns: Columns, text: object, name: object, place: str) -> Row:
    """Check the two values of a row.

    Args:
        columns: What the two columns are called.
        text: The value in the text column.
        name: The value in the id column, ignored when the corpus has none.
        place: File and line, for the message.

    Raises:
        CorpusError: The text is not one, or the id is neither a string nor a whole number.
    """
    if not isinstance(text, str):
        raise CorpusError(
            f"{place}: column {columns.text!r} must hold a string, got {_kind(text)}; remove the "
            "row, or name another column with --text-column"
        )
    if columns.id is None:
        return Row(text, None, place)
    if isinstance(name, bool) or not isinstance(name, str | int) or name == "":
        raise CorpusError(
            f"{place}: column {columns.id!r} must hold an id, a string or a whole number, got "
            f"{_kind(name)}; fill it in, or leave out --id-column to name documents by their text"
        )
    return Row(text, str(name), place)


def make_full_row(row: Row, columns: Columns, cells: Iterable[tuple[str, Any]]) -> FullRow:
    """Add the other columns to a row.

    Args:
        row: Text and id, already checked.
        columns: What the two are called.
        cells: Name and value of every column, in order.

    Raises:
        CorpusError: Two columns have one name, so that one of them would be lost.
    """
    others: dict[str, Any] = {}
    for name, value in cells:
        if name in others:
            raise CorpusError(f"{row.place}: two columns are named {name!r}; rename one of them")
        if name not in (columns.text, columns.id):
            others[name] = value
    return FullRow(row, others)


def _kind(value: object) -> str:
    if value is None or value == "":
        return "nothing"
    return f"{value!r:.40} ({type(value).__name__})"
