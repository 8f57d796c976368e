"""The owner's private folder: key, plan, ledger, originals, commitment.

vault/
  plan.json          what was done, what is to be tested, hashes of everything else
  key                32 random bytes, readable by the owner only; or elsewhere (--key-file)
  ledger.parquet     one row per site
  documents.parquet  one row per document
  commitment.txt     one line that may be made public before the data
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from watermark.document import Document, Mark, Marked
from watermark.errors import VaultError
from watermark.keys import Key, read_key
from watermark.vault.commitment import document_leaf, merkle_root

SCHEMA = 1
PLAN, KEY, LEDGER, DOCUMENTS, COMMITMENT = (
    "plan.json",
    "key",
    "ledger.parquet",
    "documents.parquet",
    "commitment.txt",
)
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
class Plan:
    """What was done to the corpus and which test will be run, fixed before publication."""

    scheme: dict[str, Any]
    """Name of the scheme and all its settings."""
    test: str
    """The primary test of evidence."""
    detector: str
    """Detector of the tests other than the re-draw test, without a reference."""
    detector_with_reference: str
    """Detector of these tests with a reference."""
    alpha: float
    """The verdict is "trained on it" if the p-value of the primary test is at most this."""
    references: tuple[str, ...]
    """Names of the reference models, if they were fixed beforehand."""
    holdout_share: float
    corpus: dict[str, Any]
    """Form and digest of the input; numbers of documents and sites."""
    key_commitment: str
    files: dict[str, str]
    """SHA-256 of the other files of the vault."""
    made_with: dict[str, str] = field(default_factory=dict)
    """Versions of the program and of the language data."""
    schema: int = SCHEMA

    def to_json(self) -> str:
        """Return the plan as it is stored in the vault."""
        return json.dumps(asdict(self), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


@dataclass(frozen=True)
class VaultDocument:
    """An original document and its publication status."""

    id: str
    original: str
    published_sha256: str
    """Hash of the marked text, also for held-out documents."""
    status: Status


@dataclass(frozen=True)
class Vault:
    """A vault whose hashes have been checked."""

    folder: Path
    plan: Plan
    key: Key

    def documents(self) -> Iterator[VaultDocument]:
        """Yield the documents in the order of the corpus."""
        return read_documents(self.folder)

    def marks(self) -> Iterator[Mark]:
        """Yield the marks in the order of the corpus and of its texts."""
        known: dict[tuple[str, ...], tuple[str, ...]] = {}  # many sites have the same candidates
        for row in _rows(self.folder / LEDGER):
            candidates = tuple(row["candidates"])
            yield Mark(**(row | {"candidates": known.setdefault(candidates, candidates)}))

    def marked(self) -> Iterator[tuple[VaultDocument, Marked]]:
        """Yield each document with its marked text, rebuilt from original and ledger.

        Raises:
            VaultError: Ledger and documents do not belong together.
        """
        marks = self.marks()
        mark = next(marks, None)
        for document in self.documents():
            mine: list[Mark] = []
            while mark is not None and mark.document_id == document.id:
                mine.append(mark)
                mark = next(marks, None)
            yield document, _rebuild(self.folder, document, tuple(mine))
        if mark is not None:
            raise VaultError(f"{self.folder / LEDGER}: {mark.document_id!r} is not a document")


def open_vault(folder: Path, key_file: Path | None = None) -> Vault:
    """Open a vault and check every hash in it.

    Raises:
        VaultError: It is not a vault, a file was altered, or the key is not the one it was
            marked with; the message names the file.
    """
    plan = read_plan(folder)
    for name, wanted in plan.files.items():
        found = file_sha256(folder / name)
        if found != wanted:
            raise VaultError(
                f"{folder / name}: altered since the corpus was marked "
                f"(SHA-256 {found[:16]}..., the plan says {wanted[:16]}...)"
            )
    key_path = key_file or folder / KEY
    if not key_path.exists():
        raise VaultError(f"{folder}: no key in it: say where it is with --key-file")
    key = read_key(key_path)
    if key.commitment() != plan.key_commitment:
        raise VaultError(f"{key_path}: not the key that {folder} was marked with")
    vault = Vault(folder, plan, key)
    _check_commitment(vault)
    return vault


def check_targets(published: Path, vault: Path) -> None:
    """Refuse targets that exist, cannot be made, or lie inside each other.

    Raises:
        VaultError: One of them; says why.
    """
    inner, outer = published.resolve(), vault.resolve()
    if inner.is_relative_to(outer) or outer.is_relative_to(inner):
        raise VaultError(
            f"{published} is to be published and {vault} holds the key: "
            "neither may lie inside the other"
        )
    for path in (published, vault):
        if path.exists():
            raise VaultError(f"{path}: exists already: name another folder or remove it")
        nearest = next(folder for folder in path.absolute().parents if folder.exists())
        if not nearest.is_dir():
            raise VaultError(f"{path}: cannot be made, {nearest.name} is a file")


def read_plan(folder: Path) -> Plan:
    """Read the plan of a vault.

    Raises:
        VaultError: The folder is not a vault, or of another version of the format.
    """
    path = folder / PLAN
    if not path.is_file():
        raise VaultError(f"{folder}: not a vault: it has no {PLAN}; `leximark mark` makes one")
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        if fields["schema"] != SCHEMA:
            raise VaultError(f"{path}: format {fields['schema']}, this program reads {SCHEMA}")
        return Plan(**(fields | {"references": tuple(fields["references"])}))
    except (ValueError, KeyError, TypeError) as error:
        raise VaultError(f"{path}: altered or not a plan ({error})") from error


def read_documents(folder: Path) -> Iterator[VaultDocument]:
    """Yield the documents of a vault without checking anything."""
    for row in _rows(folder / DOCUMENTS):
        yield VaultDocument(**row)


def commitment_line(plan_text: str, key: Key, documents: Iterable[VaultDocument]) -> str:
    """Return the line of `commitment.txt`: a Merkle root over plan, key and documents.

    The plan holds the hashes of ledger and documents. A document can be shown to belong to the
    root without showing the others: its salt is HMAC(key, id).
    """

    def leaves() -> Iterator[bytes]:
        yield hashlib.sha256(plan_text.encode()).digest()
        yield bytes.fromhex(key.commitment())
        for document in documents:
            salt = key.digest("salt", document.id)
            yield document_leaf(document.id, document.published_sha256, salt)

    return f"leximark-commitment-{SCHEMA} sha256-merkle {merkle_root(leaves()).hex()}\n"


def _check_commitment(vault: Vault) -> None:
    path = vault.folder / COMMITMENT
    try:
        written = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise VaultError(f"{path}: cannot be read ({error})") from error
    text = (vault.folder / PLAN).read_text(encoding="utf-8")
    if written != commitment_line(text, vault.key, vault.documents()):
        raise VaultError(
            f"{path}: does not match {PLAN}: one of the two was altered since the corpus was marked"
        )


def _rebuild(folder: Path, document: VaultDocument, marks: tuple[Mark, ...]) -> Marked:
    """Put the marks into the original text again."""
    pieces, taken, length = list[str](), 0, 0
    for mark in marks:
        gap = mark.start - length
        start = taken + gap
        end = start + len(mark.original)
        if gap < 0 or document.original[start:end] != mark.original:
            raise VaultError(
                f"{folder / LEDGER}: {document.id!r} has no {mark.original!r} at {start}"
            )
        pieces += [document.original[taken:start], mark.chosen]
        length += gap + len(mark.chosen)
        taken = end
    pieces.append(document.original[taken:])
    marked = Marked(Document(document.id, "".join(pieces)), marks)
    if text_sha256(marked.document.text) != document.published_sha256:
        raise VaultError(f"{folder / LEDGER}: {document.id!r} is not the text that was published")
    return marked


def text_sha256(text: str) -> str:
    """Return the SHA-256 of a text in UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file.

    Raises:
        VaultError: It cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise VaultError(f"{path}: cannot be read ({error.strerror})") from error


def _rows(path: Path) -> Iterator[dict[str, Any]]:
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
