"""Traces on disk, so that no model runs a text twice.

FOLDER/<model>/about.json     name, fingerprint and settings of the model
FOLDER/<model>/*.parquet      one row per text; files are added and never changed
FOLDER/tasks/                 what tasks of `--executor` are reading, and their logs

A model is identified by its fingerprint (weights and tokenizer), its settings (data type, start
token, windows) and the version of the trace format. A row is identified by hashes of its text and
of its slots. The token ids reveal the text: the folder is as private as the vault, and only its
owner may read it.
"""

import hashlib
import json
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from membership.traces.suspect_protocol import Suspect
from membership.traces.trace import FLOATS, CandidateLogprobs, Query, Trace
from watermark.atomic import atomic_file
from watermark.errors import ToolkitError
from watermark.limits import NOTE
from watermark.safe_json import read_json_file

VERSION = 1
"""Raised whenever a trace of the same model and text would have other numbers."""

ABOUT = "about.json"
NOTES = "[0-9a-f]*.json"
"""Files next to the models; each maps a requested configuration to the one it resolved to."""
TASKS = "tasks"
"""Folder next to the models, for tasks that fill the cache: what they read and what they say."""
_ROWS, _SECONDS = 256, 30.0
"""A file is written after this many rows or seconds."""
_SCHEMA = pa.schema(
    [
        ("text", pa.binary(32)),
        ("places", pa.binary(32)),
        ("token_ids", pa.list_(pa.int32())),
        ("spans", pa.list_(pa.int32())),
        *((name, pa.list_(pa.float32())) for name in FLOATS),
        ("rank", pa.list_(pa.int32())),
        ("unscored_start", pa.list_(pa.int32())),
        ("readings", pa.list_(pa.list_(pa.float64()))),
        ("reasons", pa.list_(pa.string())),
    ]
)

Key = tuple[bytes, bytes]
_NO_SLOTS = hashlib.sha256(b"[]").digest()


@dataclass(frozen=True)
class Row:
    """Location of a trace."""

    file: Path
    number: int


class TraceStore:
    """The traces of one model."""

    def __init__(self, folder: Path, model: Suspect) -> None:
        """Open or create the subfolder of a model.

        Raises:
            ToolkitError: The existing files cannot be read.
        """
        self.folder = folder / model_key(model.fingerprint, model.settings)
        if not (self.folder / ABOUT).exists():
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            about = {n: getattr(model, n) for n in ("name", "fingerprint", "settings")}
            write_json(self.folder / ABOUT, about)
        self._rows: dict[Key, Row] = {}
        for file in sorted(self.folder.glob("*.parquet")):
            self._index(file, _read(file, ["text", "places"]))
        self._waiting: list[dict[str, Any]] = []
        self._since = time.monotonic()

    def find(self, queries: Sequence[Query]) -> dict[int, Row]:
        """Return the location of each stored trace, by the index of its query."""
        found = {index: self._rows.get(_key(query)) for index, query in enumerate(queries)}
        return {index: row for index, row in found.items() if row is not None}

    def load(self, rows: Mapping[int, Row]) -> Iterator[tuple[int, Trace]]:
        """Yield traces with the index of their query, one file at a time."""
        by_file: dict[Path, list[tuple[int, int]]] = {}
        for index, row in rows.items():
            by_file.setdefault(row.file, []).append((row.number, index))
        for file, wanted in by_file.items():
            wanted.sort()
            table = _read(file, None).take([number for number, _ in wanted])
            for (_, index), record in zip(wanted, table.to_pylist(), strict=True):
                yield index, _trace(record)

    def add(self, query: Query, trace: Trace) -> None:
        """Add a trace; it is on disk after `flush`, or after enough rows or seconds."""
        self._waiting.append(_record(query, trace))
        if len(self._waiting) == _ROWS or time.monotonic() - self._since > _SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write the added traces to disk."""
        self._since = time.monotonic()
        if not self._waiting:
            return
        table = pa.Table.from_pylist(self._waiting, _SCHEMA)
        file = self.folder / f"{time.time_ns():020d}-{secrets.token_hex(4)}.parquet"
        with atomic_file(file) as draft:
            pq.write_table(table, draft, compression="zstd", write_page_checksum=True)
        self._index(file, table)
        self._waiting = []

    def _index(self, file: Path, table: pa.Table) -> None:
        pairs = zip(*(table[name].to_pylist() for name in ("text", "places")), strict=True)
        for number, (text, slots) in enumerate(pairs):
            row = Row(file, number)
            self._rows[text, slots] = row
            self._rows.setdefault((text, _NO_SLOTS), row)  # it also serves queries without slots


def model_key(fingerprint: str, settings: str) -> str:
    """Return the folder name of a model."""
    said = json.dumps([VERSION, fingerprint, settings])
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a small JSON file, unless another process has already written it."""
    try:
        with atomic_file(path) as draft:
            draft.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    except FileExistsError:
        return


@dataclass(frozen=True)
class Contents:
    """The contents of a cache folder for one model."""

    name: str
    settings: str
    n_texts: int
    n_bytes: int


def contents(folder: Path) -> list[Contents]:
    """List the models whose traces are in a folder.

    Raises:
        ToolkitError: A note on a model cannot be read.
    """
    found = []
    for about in sorted(folder.glob(f"*/{ABOUT}")):
        try:
            said = read_json_file(about, NOTE)
            name, settings = str(said["name"]), str(said["settings"])
        except (ValueError, KeyError, TypeError) as error:
            raise ToolkitError(
                f"{about}: the cache is damaged ({error}); remove it with `leximark cache --clear`"
            ) from error
        files = list(about.parent.glob("*.parquet"))
        n_texts = sum(pq.read_metadata(file).num_rows for file in files)
        n_bytes = sum(file.stat().st_size for file in files)
        found.append(Contents(name, settings, n_texts, n_bytes))
    return found


def clear(folder: Path) -> int:
    """Remove only what is the cache's from a folder; return the number of models removed."""
    models = [about.parent for about in folder.glob(f"*/{ABOUT}")]
    for model in models:
        shutil.rmtree(model)
    for note in folder.glob(NOTES):
        note.unlink()
    shutil.rmtree(folder / TASKS, ignore_errors=True)
    return len(models)


def _key(query: Query) -> Key:
    slots = json.dumps([[p.start, p.original, *p.candidates] for p in query.slots])
    return _digest(query.text), _digest(slots)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _read(file: Path, columns: list[str] | None) -> pa.Table:
    try:
        return pq.read_table(file, columns=columns, page_checksum_verification=True)
    except (OSError, ValueError, KeyError, pa.ArrowException) as error:
        raise ToolkitError(
            f"{file}: the cache is damaged ({error}); remove it with `leximark cache --clear`"
        ) from error


def _record(query: Query, trace: Trace) -> dict[str, Any]:
    text, slots = _key(query)
    plain = {name: getattr(trace, name) for name in ("token_ids", *FLOATS, "rank")}
    return plain | {
        "text": text,
        "places": slots,
        "spans": trace.spans.ravel(),
        "unscored_start": trace.unscored_start,
        "readings": [reading.logprob for reading in trace.candidate_logprobs],
        "reasons": [reading.reason for reading in trace.candidate_logprobs],
    }


def _trace(record: Mapping[str, Any]) -> Trace:
    candidate_logprobs = zip(record["readings"], record["reasons"], strict=True)
    return Trace(
        token_ids=np.array(record["token_ids"], dtype=np.int32),
        spans=np.array(record["spans"], dtype=np.int32).reshape(-1, 2),
        rank=np.array(record["rank"], dtype=np.int32),
        unscored_start=tuple(record["unscored_start"]),
        candidate_logprobs=tuple(
            CandidateLogprobs(np.array(r, dtype=np.float64), why) for r, why in candidate_logprobs
        ),
        **{name: np.array(record[name], dtype=np.float32) for name in FLOATS},
    )
