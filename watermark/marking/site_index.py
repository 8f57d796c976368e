"""Find the sites of a corpus once, and store them on disk so that a run can be resumed."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from watermark.atomic import atomic_file
from watermark.document import Document, Site, text_sha256
from watermark.errors import CorpusError

BATCH_DOCUMENTS = 512
BATCH_CHARACTERS = 100_000
"""A batch ends with its last document or with the one that reaches this length: some 5 seconds of
work with quality `fast`, 20 with `best`, and minutes with words of WordNet in `best`. Fixed: the
batches of the language models must not depend on where a run was interrupted."""

FOLDER_DOCUMENTS = 100_000
"""Files of as many documents share a folder: a folder with all files of a large corpus is slow."""
_FOLDERS, _FILES = "[0-9]" * 9, "[0-9]" * 12 + ".parquet"
BATCH_FILES = f"{_FOLDERS}/{_FILES}"
"""Names of the files within the index; a file's name is the number of its first document."""

_SITE = pa.struct(
    [
        ("document_id", pa.string()),
        ("start", pa.int64()),
        ("original", pa.string()),
        ("candidates", pa.list_(pa.string())),
        ("draw", pa.string()),
        ("fits", pa.list_(pa.float32())),
    ]
)
_SCHEMA = pa.schema(
    [
        ("document_id", pa.string()),
        ("text_sha256", pa.string()),
        ("n_words", pa.int64()),
        ("sites", pa.list_(_SITE)),
    ]
)

FindSites = Callable[[Sequence[Document]], Iterable[list[Site]]]


@dataclass(frozen=True)
class IndexedDocument:
    """A document that has been read, by its hash, and the sites found in it."""

    document_id: str
    text_sha256: str
    n_words: int
    sites: tuple[Site, ...]


@dataclass(frozen=True)
class SiteIndex:
    """The sites of a whole corpus, on disk."""

    folder: Path
    n_documents: int
    n_sites: int
    digest: str
    """`documents_digest` of the corpus."""

    def __iter__(self) -> Iterator[IndexedDocument]:
        """Yield the documents in the order of the corpus."""
        return indexed_documents(self.folder)


def indexed_documents(folder: Path, first: int = 0) -> Iterator[IndexedDocument]:
    """Yield the documents of an index from one on, counted from 0, in the order of the corpus."""
    for path in _batch_files(folder):
        start = int(path.stem)
        if start + BATCH_DOCUMENTS > first:
            yield from islice(_read(path), max(0, first - start), None)


def _batch_files(folder: Path) -> Iterator[Path]:
    """Yield the files of an index in order, listing a folder at a time: they may be millions."""
    for each in sorted(folder.glob(_FOLDERS)):
        yield from sorted(each.glob(_FILES))


def batches(documents: Iterable[Document]) -> Iterator[list[Document]]:
    """Cut a corpus into batches; where they end depends on the documents alone."""
    batch: list[Document] = []
    characters = 0
    for document in documents:
        batch.append(document)
        characters += len(document.text)
        if len(batch) == BATCH_DOCUMENTS or characters >= BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


class DocumentsDigest:
    """SHA-256 over the ids of documents and the hashes of their texts, in order."""

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()

    def add(self, document_id: str, text_sha256: str) -> None:
        """Add a document."""
        name = document_id.encode()
        self._sha256.update(len(name).to_bytes(8, "big"))  # no id runs into the next field
        self._sha256.update(name + bytes.fromhex(text_sha256))

    def hexdigest(self) -> str:
        """Return the digest of what was added so far."""
        return self._sha256.hexdigest()


def documents_digest(documents: Iterable[Document]) -> str:
    """Return the SHA-256 over the ids of documents and the hashes of their texts, in order."""
    digest = DocumentsDigest()
    for document in documents:
        digest.add(document.id, text_sha256(document.text))
    return digest.hexdigest()


def index_sites(
    documents: Iterable[Document],
    folder: Path,
    find_sites: FindSites,
    progress: Callable[[int], None] = lambda n: None,
) -> SiteIndex:
    """Find the sites of every document and store them in a folder, a file per batch.

    Existing files are checked against the documents and kept.

    Args:
        documents: The corpus.
        folder: Folder of the files; created if missing.
        find_sites: Returns the sites of each document of a batch. Uses no key.
        progress: Called with the number of documents done since the last call.

    Raises:
        CorpusError: The corpus differs from that of the unfinished run.
    """
    folder.mkdir(exist_ok=True)
    digest = DocumentsDigest()
    n_documents = n_sites = 0
    for batch in batches(documents):
        found = index_batch(batch, batch_path(folder, n_documents), find_sites, progress)
        for each in found:
            digest.add(each.document_id, each.text_sha256)
        n_sites += sum(len(document.sites) for document in found)
        n_documents += len(batch)
    return SiteIndex(folder, n_documents, n_sites, digest.hexdigest())


def batch_path(folder: Path, first: int) -> Path:
    """Return the file of the batch that begins with a document, counted from 0."""
    return folder / f"{first // FOLDER_DOCUMENTS:09d}" / f"{first:012d}.parquet"


def index_batch(
    batch: Sequence[Document],
    path: Path,
    find_sites: FindSites,
    progress: Callable[[int], None] = lambda n: None,
) -> list[IndexedDocument]:
    """Find the sites of a batch and write its file, or read the file that is there.

    `progress` is called with the number of documents done since the last call.

    Raises:
        CorpusError: The file is of other documents.
    """
    if path.exists():
        found = list(_read(path))
        _check_same(batch, found)
        progress(len(batch))
        return found
    found = []
    for document, sites in zip(batch, find_sites(batch), strict=True):
        found.append(index_document(document, sites))
        progress(1)
    with suppress(FileExistsError):  # another process was faster, and its file is the same
        _write(path, found)
    return found


def index_document(document: Document, sites: Iterable[Site]) -> IndexedDocument:
    """Return what is kept of a document until the key draws."""
    n_words = len(document.text.split())
    return IndexedDocument(document.id, text_sha256(document.text), n_words, tuple(sites))


def _check_same(batch: Sequence[Document], found: Sequence[IndexedDocument]) -> None:
    wanted = [(document.id, text_sha256(document.text)) for document in batch]
    if wanted != [(document.document_id, document.text_sha256) for document in found]:
        raise CorpusError(
            f"the corpus changed near document {batch[0].id!r} since the unfinished run: "
            "remove the .partial folder to begin anew"
        )


def _write(path: Path, documents: Sequence[IndexedDocument]) -> None:
    rows = [vars(d) | {"sites": [vars(site) for site in d.sites]} for d in documents]
    table = pa.Table.from_pylist(rows, _SCHEMA)
    with atomic_file(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")


def _read(path: Path) -> Iterator[IndexedDocument]:
    with pq.ParquetFile(path) as file:
        rows = file.read(use_threads=False).to_pylist()
    for row in rows:
        sites = tuple(map(_site, row["sites"]))
        yield IndexedDocument(**(row | {"sites": sites}))


def _site(row: dict[str, Any]) -> Site:
    return Site(**(row | {name: tuple(row[name]) for name in ("candidates", "fits")}))
