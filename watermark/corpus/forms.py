"""Which form a file or folder has, from the names in it."""

import re
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

from watermark.corpus.address import Address, RemotePart
from watermark.corpus.csv_table import CsvTable
from watermark.corpus.jsonl import JsonLines
from watermark.corpus.parquet import ParquetFile
from watermark.corpus.rows import Columns, Part
from watermark.corpus.text_folder import TextFolder, file_names, is_note, is_text
from watermark.errors import CorpusError

KNOWN = (
    "JSON Lines (.jsonl, .ndjson), CSV (.csv, .tsv), either also .gz or .zst, Parquet (.parquet), "
    "a folder of one of these, a folder of text files (.txt, .text, .md), or a folder made by "
    "`datasets` save_to_disk"
)

_TABLES: dict[str, Callable[[Path, str, Columns], Part]] = {
    "jsonl": JsonLines,
    "csv": CsvTable,
    "parquet": ParquetFile,
}
_KINDS = {"ndjson": "jsonl", "json": "jsonl", "tsv": "csv"}
"""Other file extensions of tables."""
_OF_A_VAULT = ("plan.json", "commitment.txt")
"""Files that tell a vault from a data set."""
_TABLE_NAME = re.compile(r"\.(((jsonl|ndjson|json|csv|tsv)(\.gz|\.zst)?)|parquet)$", re.IGNORECASE)


def file_parts(path: Path, columns: Columns) -> tuple[str, tuple[Part, ...]]:
    """Return the form of a file, and the file as the one part of a corpus.

    Raises:
        CorpusError: The name ends in nothing that is known.
    """
    form = _table_form(path.name)
    if form is None:
        raise CorpusError(f"{path}: unknown form; wanted {KNOWN}")
    return form, (_TABLES[_table_kind(form)](path, path.name, columns),)


def address_parts(address: Address, columns: Columns) -> tuple[str, tuple[Part, ...], int]:
    """Return form, parts and number of other files of a file or folder at an address.

    Raises:
        CorpusError: There is no file, or not of one kind of table.
    """
    if address.is_file():
        name = address.text.rpartition("/")[2]
        form = _table_form(name)
        if form is None:
            raise CorpusError(f"{address}: wanted JSON Lines, CSV or Parquet")
        make = partial(_table_part, _table_kind(form))
        return form, (RemotePart(address, name, columns, make),), 0
    names = address.names()
    kinds = {kind for kind in map(_kind, names) if kind in _TABLES or kind == "text"}
    if len(kinds) != 1 or "text" in kinds:
        found = " and ".join(sorted(kinds)) or "none of these"
        raise CorpusError(
            f"{address}: wanted files of JSON Lines, CSV or Parquet, all of one form, got {found}"
        )
    (kind,) = kinds
    parts = tuple(
        RemotePart(address.below(name), name, columns, partial(_table_part, kind))
        for name in names
        if _kind(name) == kind
    )
    return f"{kind}-folder", parts, len(names) - len(parts)


def _table_part(kind: str, path: Path, name: str, columns: Columns) -> Part:
    return _TABLES[kind](path, name, columns)


def folder_parts(folder: Path, columns: Columns) -> tuple[str, tuple[Part, ...], int]:
    """Return the form of a folder, its parts, and how many files belong to none of them.

    Raises:
        CorpusError: It holds tables of several forms, tables and texts, or neither.
    """
    if all((folder / name).is_file() for name in _OF_A_VAULT):
        raise CorpusError(f"{folder}: is a vault; name the data set that is to be read")
    kinds = Counter(map(_kind, file_names(folder)))
    n_files = kinds.total()
    tables = sorted(kind for kind in kinds if kind in _TABLES)
    texts = [kind for kind in kinds if kind == "text"]
    if len(tables + texts) > 1:
        raise CorpusError(
            f"{folder}: wanted files of one form, got {' and '.join(tables + texts)}; name one "
            "file, or move the others out of the folder"
        )
    if tables:
        names = [name for name in file_names(folder) if _kind(name) == tables[0]]
        make = _TABLES[tables[0]]
        parts = tuple(make(folder / name, name, columns) for name in names)
        return f"{tables[0]}-folder", parts, n_files - len(names)
    if texts:
        _refuse_columns(folder, columns)
        return "text-folder", (TextFolder(folder),), n_files - kinds["text"] - kinds["note"]
    raise CorpusError(f"{folder}: none of its {n_files} files is a document; wanted {KNOWN}")


def is_table(name: str) -> bool:
    """Whether a file of this name would be a table."""
    return _table_form(name) is not None


def _kind(name: str) -> str:
    """Return the kind of table, or `text`, `note` or `other`."""
    form = _table_form(name)
    if form is not None and not re.match(r"json\b", form):  # such a file rather describes others
        return _table_kind(form)
    if is_note(name):
        return "note"
    return "text" if is_text(name) else "other"


def _table_form(name: str) -> str | None:
    match = _TABLE_NAME.search(name)
    return match.group(1).lower() if match else None


def _table_kind(form: str) -> str:
    ending = form.split(".")[0]
    return _KINDS.get(ending, ending)


def _refuse_columns(folder: Path, columns: Columns) -> None:
    if columns != Columns():
        raise CorpusError(
            f"{folder}: a folder of text files has no columns, and its paths are the ids; leave "
            "out --text-column and --id-column"
        )
