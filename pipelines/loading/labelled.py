"""Data sets with more columns than a text: read whole, the benchmarks in the form they have.

    wikimia     `input`; split such as WikiMIA_length64
    bookmia     `snippet`, with `book`
    mimir       `member` and `nonmember`, two documents a row, with their neighbours
    patentmia   `text`, `input` or `snippet`, Chinese
    plain       any other: a table with a text column, or a folder of texts

Each may be the id of a data set on the hub or a local file of the same columns. All but the last
have `label`, 1 for members.
"""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipelines.loading.choices import Form
from watermark.corpus import open_corpus
from watermark.corpus.datasets_folder import is_saved
from watermark.corpus.forms import is_table
from watermark.corpus.ids import DocumentIds
from watermark.corpus.rows import Row
from watermark.corpus.streams import numbered_lines
from watermark.document import Document
from watermark.errors import CorpusError

LABEL = "label"
_LONGEST_CELL = 1 << 30
NEIGHBOURS = "neighbours"
"""Column of texts that differ little from the document's."""

_TEXT_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "wikimia": ("input",),
    "bookmia": ("snippet",),
    "patentmia": ("text", "input", "snippet"),
}


@dataclass(frozen=True)
class Record:
    """A document and the other columns of its row."""

    document: Document
    columns: Mapping[str, Any]


def read_records(
    source: str,
    form: Form = "plain",
    *,
    text_column: str = "text",
    id_column: str | None = None,
    split: str | None = None,
    max_words: int | None = None,
) -> list[Record]:
    """Read a data set with all its columns.

    Args:
        source: A file, a folder, or `owner/name` (or `owner/name:configuration`) on the hub.
        form: Which columns it has.
        text_column: Of a plain data set.
        id_column: Holds the ids; without one they are made from the texts.
        split: One split of a data set that has some.
        max_words: How many words of each text to keep, from its beginning.

    Raises:
        CorpusError: It is missing or empty, or a row is not of this form.
    """
    if form == "plain" and Path(source).is_dir():
        corpus = open_corpus(source, text_column=text_column, id_column=id_column, split=split)
        if corpus.form == "text-folder":
            found = [Record(document, {}) for document in corpus.documents()]
            return [_cut(record, max_words) for record in found]
    records: list[Record] = []
    with closing(DocumentIds()) as names:
        for place, row in read_rows(source, split):
            for piece in _pieces(row, form, place, text_column):
                text = piece.pop("text")
                name = None if id_column is None else str(_cell(piece, id_column, place))
                document = names.document(Row(text, name, place))
                kept = {k: v for k, v in piece.items() if k != id_column}
                records.append(_cut(Record(document, kept), max_words))
    if not records:
        raise CorpusError(f"{source}: wanted documents, got none; the data set is empty")
    return records


def labels_of(records: Sequence[Mapping[str, Any]], column: str) -> NDArray[np.bool_]:
    """Return which rows are members, from a column of 1 and 0, or of words that say the same.

    Raises:
        CorpusError: There is no such column, or a cell says neither.
    """
    yes, no = {"1", "true", "member", "yes"}, {"0", "false", "nonmember", "non-member", "no"}
    labels = []
    for number, row in enumerate(records, 1):
        cell = row.get(column)
        word = str(int(cell) if isinstance(cell, float) and cell.is_integer() else cell).lower()
        if word not in yes | no:
            raise CorpusError(
                f"row {number}: wanted 1 (member) or 0 in column {column!r}, got {cell!r}; "
                f"the columns are {', '.join(map(repr, row))}"
            )
        labels.append(word in yes)
    return np.array(labels)


def first_words(text: str, n: int) -> str:
    """Return the text up to the end of its n-th word; Chinese words are found by jieba.

    Raises:
        CorpusError: The text is Chinese, and jieba is not installed.
    """
    words = _chinese_words(text) if any("\u4e00" <= c <= "\u9fff" for c in text) else text.split()
    position = 0
    for count, word in enumerate(words):
        if count == n:
            return text[:position].rstrip()
        position = text.index(word, position) + len(word)
    return text


def _chinese_words(text: str) -> Iterator[str]:
    try:
        import jieba
    except ImportError as error:
        raise CorpusError(
            "Chinese text is cut into words by jieba, which is not installed: "
            "pip install 'leximark[chinese]'"
        ) from error
    jieba.setLogLevel("ERROR")
    return (word for word in jieba.cut(text) if not word.isspace())


def _cut(record: Record, max_words: int | None) -> Record:
    if max_words is None:
        return record
    document = record.document
    return Record(Document(document.id, first_words(document.text, max_words)), record.columns)


def _pieces(
    row: Mapping[str, Any], form: Form, place: str, text_column: str
) -> Iterator[dict[str, Any]]:
    """Yield the documents of a row, each with its `text` and the other columns."""
    if form == "mimir":
        for label, name in ((1, "member"), (0, "nonmember")):
            text = _text(row, (name,), place)
            near = row.get(f"{name}_neighbors")
            yield {"text": text, LABEL: label, **({NEIGHBOURS: near} if near else {})}
        return
    names = _TEXT_COLUMNS.get(form, (text_column,))
    text = _text(row, names, place)
    rest = {k: v for k, v in row.items() if k not in names}
    if form != "plain":
        _cell(rest, LABEL, place)
    if "text" in rest:
        raise CorpusError(f"{place}: has the texts in {names[0]!r} and a column 'text' beside it")
    yield {"text": text, **rest}


def _text(row: Mapping[str, Any], names: Sequence[str], place: str) -> str:
    name = next((n for n in names if n in row), names[0])
    text = _cell(row, name, place)
    if not isinstance(text, str):
        raise CorpusError(f"{place}: wanted a text in {name!r}, got {type(text).__name__}")
    return text


def _cell(row: Mapping[str, Any], name: str, place: str) -> Any:
    if row.get(name) is None:
        has = ", ".join(map(repr, row)) or "nothing"
        raise CorpusError(f"{place}: wanted a column {name!r}, the row has {has}")
    return row[name]


def read_rows(source: str, split: str | None) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the rows of a table, each with its place for messages.

    Args:
        source: A file, a folder or a hub id, as for `read_records`.
        split: One split of a data set that has some.

    Raises:
        CorpusError: It cannot be read, or has no such split.
    """
    path = Path(source)
    if path.is_file() and split is not None:
        raise CorpusError(f"{path}: a single file has no splits; leave out --split")
    if path.is_file() and is_table(path.name):
        kind = next(s for s in reversed(path.suffixes) if s.lower() not in (".gz", ".zst")).lower()
        readers = {".parquet": _parquet_rows, ".csv": _csv_rows, ".tsv": _csv_rows}
        yield from readers.get(kind, _json_rows)(path)
        return
    if path.suffix and not path.is_dir() and is_table(path.name):
        raise CorpusError(f"{path}: no such file")
    from watermark.corpus import hub  # a second to import, and needed by this form alone

    loaded = hub.load_saved(path) if is_saved(path) else hub.load(source, split)
    splits = dict(loaded) if hasattr(loaded, "keys") else {split or "": loaded}
    if split is not None and split not in splits:
        raise CorpusError(f"{source}: wanted split {split!r}, got {', '.join(map(repr, splits))}")
    for name, dataset in splits.items():
        if split not in (None, name):
            continue
        for number, row in enumerate(dataset, 1):
            yield f"{source}[{name}] row {number}", dict(row)


def _json_rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, line in numbered_lines(path):
        if not line.strip("\ufeff \t\r\n"):
            continue
        try:
            row = json.loads(line.removeprefix("\ufeff"))
        except ValueError as error:
            raise CorpusError(f"{path}:{number}: wanted a JSON object, but {error}") from error
        if not isinstance(row, dict):
            raise CorpusError(f"{path}:{number}: wanted a JSON object, got {type(row).__name__}")
        yield f"{path}:{number}", row


def _csv_rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    lines = (line.removeprefix("\ufeff") for _, line in numbered_lines(path))
    csv.field_size_limit(_LONGEST_CELL)
    tabs = ".tsv" in (suffix.lower() for suffix in path.suffixes)
    reader = csv.DictReader(lines, delimiter="\t" if tabs else ",", strict=True)
    try:
        for row in reader:
            if None in row:
                raise CorpusError(f"{path}:{reader.line_num}: the row has more cells than columns")
            yield f"{path}:{reader.line_num}", row
    except csv.Error as error:
        raise CorpusError(f"{path}:{reader.line_num}: is not CSV ({error})") from error


def _parquet_rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    number = 0
    try:
        for batch in pq.ParquetFile(path).iter_batches():
            for row in batch.to_pylist():
                number += 1
                yield f"{path} row {number}", row
    except (OSError, ValueError) as error:
        raise CorpusError(f"{path}: cannot be read as Parquet ({error})") from error
