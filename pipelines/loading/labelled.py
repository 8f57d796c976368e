"""Data sets with more columns than a text: read whole, the benchmarks in the form they have.

    wikimia     `input`; split such as WikiMIA_length64
    bookmia     `snippet`, with `book`
    mimir       `member` and `nonmember`, two documents a row, with their neighbours
    patentmia   `text`, `input` or `snippet`, Chinese
    plain       any other: a table with a text column, or a folder of texts

Each may have any form that `watermark.corpus` reads. All but mimir, which says it by the column,
and plain have `label`, 1 for members.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.loading.option_values import Form
from watermark.corpus import Corpus, open_corpus
from watermark.corpus.ids import DocumentIds
from watermark.corpus.rows import ColumnError, Columns, FullRow, make_row
from watermark.document import Document
from watermark.errors import CorpusError

LABEL = "label"
NEIGHBOURS = "neighbours"
"""Column of texts that differ little from the document's."""

_MEMBER, _NONMEMBER = "member", "nonmember"
_TEXT_COLUMNS: Mapping[Form, tuple[str, ...]] = {
    "wikimia": ("input",),
    "bookmia": ("snippet",),
    "mimir": (_MEMBER,),
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
        text_column: Text column of a plain data set.
        id_column: Holds the ids; without one they are made from the texts.
        split: One split of a data set that has some.
        max_words: How many words of each text to keep, from its beginning.

    Raises:
        CorpusError: It is missing or empty, or a row is not of this form.
    """
    if form == "mimir" and id_column is not None:
        raise CorpusError(
            f"{source}: a row of mimir is two documents and {id_column!r} names one; leave out "
            "--id-column"
        )
    records: list[Record] = []
    with closing(DocumentIds()) as names:
        for full in _open(source, form, text_column, id_column, split).full_rows():
            for row, columns in _pieces(full, form):
                records.append(_cut(Record(names.document(row), columns), max_words))
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


def _open(
    source: str, form: Form, text_column: str, id_column: str | None, split: str | None
) -> Corpus:
    """Open a data set under the first column of texts of its form that it has."""
    if form == "plain":
        return open_corpus(source, text_column=text_column, id_column=id_column, split=split)
    names = _TEXT_COLUMNS[form]
    for name in names:
        try:
            return open_corpus(source, text_column=name, id_column=id_column, split=split)
        except ColumnError as error:
            if error.column != name:
                raise
            problem = error
    raise CorpusError(
        f"{source}: wanted {form}, which has a column {' or '.join(map(repr, names))}, "
        f"but {problem}"
    ) from problem


def _pieces(full: FullRow, form: Form) -> Iterator[FullRow]:
    """Yield the documents of a row, each with the other columns."""
    row, columns = full
    if form == "mimir":
        other = make_row(Columns(_NONMEMBER), columns.get(_NONMEMBER), None, row.place)
        for label, name, one in ((1, _MEMBER, row), (0, _NONMEMBER, other)):
            near = columns.get(f"{name}_neighbors")
            yield FullRow(one, {LABEL: label, **({NEIGHBOURS: near} if near else {})})
        return
    if "text" in columns:
        raise CorpusError(f"{row.place}: has a column 'text' beside that of the texts; rename it")
    if form != "plain" and columns.get(LABEL) is None:
        has = ", ".join(map(repr, columns)) or "no others"
        raise CorpusError(f"{row.place}: wanted a column {LABEL!r} beside the texts, got {has}")
    yield full
