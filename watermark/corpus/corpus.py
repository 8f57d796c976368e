"""A corpus: documents in, the same rows with other texts out."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from watermark.atomic import atomic_folder, refuse_existing
from watermark.corpus.address import parse_address
from watermark.corpus.datasets_folder import is_saved, saved_parts
from watermark.corpus.forms import KNOWN, address_parts, file_parts, folder_parts, is_table
from watermark.corpus.ids import DocumentIds
from watermark.corpus.rows import Columns, Edit, FullRow, Part, Row
from watermark.document import Document
from watermark.errors import SYSTEM_ERRORS, CorpusError

_IN_MEMORY = "the data set in memory"
_HUB_NAME = re.compile(r"\w[\w.-]*/\w[\w.-]*(:[\w.-]+)?")


@dataclass(frozen=True)
class Corpus:
    """A data set on the disk, on the hub or in memory; nothing of it is held here."""

    source: str
    """Where it came from, for messages."""
    form: str
    """`jsonl.gz`, `csv`, `parquet`, `parquet-folder`, `text-folder`, `datasets-folder`, `hub`,
    `datasets` (in memory), and so on."""
    parts: tuple[Part, ...]
    left_out: int = 0
    """How many files of the folder are no documents; hidden ones are not counted."""

    def documents(self) -> Iterator[Document]:
        """Yield the documents in the order of their rows, the same ones at each call.

        Raises:
            CorpusError: A row is not a document, or its id came before; names file and line.
        """
        for _, document in self.numbered_documents():
            yield document

    def numbered_documents(self) -> Iterator[tuple[int, Document]]:
        """Yield the same documents with the number of the part that each is in.

        Raises:
            CorpusError: A row is not a document, or its id came before; names file and line.
        """
        with closing(DocumentIds()) as names:
            for number, part in enumerate(self.parts):
                for row in part.rows():
                    yield number, names.document(row)

    def full_rows(self) -> Iterator[FullRow]:
        """Yield the rows with all their columns; ids are not yet compared with each other.

        Raises:
            CorpusError: A row is not a document; names file and line.
        """
        for part in self.parts:
            yield from part.full_rows()

    def rewrite(self, target: str | Path, texts: Iterable[str | None]) -> int:
        """Write the same rows in the same order and form with other texts.

        The target is always a folder that is made: `news.jsonl.gz` becomes
        `target/news.jsonl.gz`, a folder becomes the target. It is there whole or not at all.

        Args:
            target: Where nothing is yet.
            texts: One for each row, in order; None withholds the row. They may be made while they
                are written, by a generator that reads this corpus, several documents ahead if it
                likes. It is run to its end before the target takes its name.

        Returns:
            How many rows were written.

        Raises:
            ToolkitError: The target exists.
            CorpusError: It lies in the corpus, or cannot be written.
            ValueError: There are fewer or more texts than rows.
        """
        target = Path(target)
        self._refuse(target)
        pending = _PendingTexts(texts, self.source)
        with _explained(target), atomic_folder(target) as folder:
            for part in self.parts:
                part.rewrite(folder, pending.next_text)
            pending.finish()
        return pending.n_written

    def rewrite_parts(self, folder: Path, numbers: Iterable[int], edit: Edit) -> None:
        """Write some of the parts into an existing folder, each row with the text of `edit`.

        Raises:
            CorpusError: They cannot be written.
        """
        with _explained(folder):
            for number in numbers:
                self.parts[number].rewrite(folder, edit)

    def _refuse(self, target: Path) -> None:
        refuse_existing(target)
        source = Path(self.source).resolve()
        if source.is_dir() and target.resolve().is_relative_to(source):
            raise CorpusError(
                f"{target}: lies inside the corpus {self.source} and would become a part of it; "
                "name a folder outside"
            )


@contextmanager
def _explained(target: Path) -> Iterator[None]:
    """Name what was to be written in any refusal of the operating system raised inside."""
    try:
        yield
    except OSError as error:
        if error.errno not in SYSTEM_ERRORS:
            raise
        raise CorpusError(
            f"{target}: could not be written ({error}); nothing was left there. Free some space "
            "or name another place"
        ) from error


class _PendingTexts:
    """Hands each row of a corpus its text, and counts both."""

    def __init__(self, texts: Iterable[str | None], source: str) -> None:
        self._texts = iter(texts)
        self._source = source
        self._n_rows = 0
        self.n_written = 0
        """How many rows were not withheld."""

    def next_text(self, row: Row) -> str | None:
        """Return the text of the next row, or None to withhold the row."""
        try:
            text = next(self._texts)
        except StopIteration:
            raise ValueError(
                f"{self._source}: wanted one text a row, got {self._n_rows} and the corpus has "
                f"more rows ({row.place})"
            ) from None
        self._n_rows += 1
        self.n_written += text is not None
        return text

    def finish(self) -> None:
        """Raise `ValueError` for text that is left after the last row."""
        for _ in self._texts:
            raise ValueError(
                f"{self._source}: wanted one text a row, got more than {self._n_rows}, the number "
                "of rows"
            )


class CorpusDigest:
    """SHA-256 over ids and texts in their order, taken while the documents pass by."""

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()

    def passing(self, documents: Iterable[Document]) -> Iterator[Document]:
        """Yield the documents as they are and add each to the digest."""
        for document in documents:
            for field in (document.id.encode(), document.text.encode()):
                self._sha256.update(len(field).to_bytes(8, "big"))  # no field runs into the next
                self._sha256.update(field)
            yield document

    def hexdigest(self) -> str:
        """Return the digest of what has passed so far."""
        return self._sha256.hexdigest()


def corpus_digest(documents: Iterable[Document]) -> str:
    """Return the SHA-256 over the ids and texts of documents in their order."""
    digest = CorpusDigest()
    for _ in digest.passing(documents):
        pass
    return digest.hexdigest()


def open_corpus(
    source: Any,
    *,
    text_column: str = "text",
    id_column: str | None = None,
    split: str | None = None,
) -> Corpus:
    """Find out what form a data set has, and read its first document to see that it fits.

    Args:
        source: A path, an address of fsspec, `owner/name` or `owner/name:configuration` on the
            hub, or a `datasets.Dataset` or `DatasetDict`.
        text_column: The column that holds the text.
        id_column: The column that holds the ids; without one they are made from the texts.
        split: One split of a data set that has some; without one, all of them in order. A local
            folder of tables is read as `datasets.load_dataset` reads it when a split is named.

    Raises:
        CorpusError: The source is missing, empty, of no known form, or not as the columns say.
    """
    corpus = _find(source, Columns(text_column, id_column), split)
    if next(corpus.documents(), None) is None:
        raise CorpusError(f"{corpus.source}: wanted documents, got none; the corpus is empty")
    return corpus


def load_saved(folder: Path) -> Any:
    """Return the `datasets.Dataset` or `DatasetDict` that `Corpus.rewrite` wrote into a folder."""
    from watermark.corpus import hub

    return hub.load_saved(folder)


def _find(source: Any, columns: Columns, split: str | None) -> Corpus:
    if not isinstance(source, str | Path):
        return _loaded(source, "datasets", _IN_MEMORY, columns, split)
    if address := parse_address(source):
        if split is not None:
            raise CorpusError(f"{address}: files at an address have no splits; leave out --split")
        form, parts, left_out = address_parts(address, columns)
        return Corpus(str(address), form, parts, left_out)
    path = Path(source)
    if path.is_dir():
        return _find_folder(path, columns, split)
    if path.is_file():
        if split is not None:
            raise CorpusError(f"{path}: a single file has no splits; leave out --split")
        form, parts = file_parts(path, columns)
        return Corpus(str(path), form, parts)
    if _HUB_NAME.fullmatch(str(source)) and not is_table(path.name):
        return _from_hub(str(source), columns, split)
    raise CorpusError(f"{path}: no such file or folder; wanted {KNOWN}, or owner/name on the hub")


def _find_folder(folder: Path, columns: Columns, split: str | None) -> Corpus:
    if is_saved(folder):
        return Corpus(str(folder), "datasets-folder", saved_parts(folder, columns, split))
    if split is not None:
        return _from_hub(str(folder), columns, split)
    form, parts, left_out = folder_parts(folder, columns)
    return Corpus(str(folder), form, parts, left_out)


def _from_hub(source: str, columns: Columns, split: str | None) -> Corpus:
    from watermark.corpus import hub

    return _loaded(hub.load(source, split), "hub", source, columns, None)


def _loaded(loaded: object, form: str, name: str, columns: Columns, split: str | None) -> Corpus:
    from watermark.corpus import hub  # a second to import, and needed by this form alone

    return Corpus(name, form, hub.loaded_parts(loaded, columns, split, name))
