"""A folder as `datasets` saves it: Arrow streams with two JSON files beside them, by split.

The files are read and written here as the Arrow streams they are. Loading and saving them through
the library would map them whole, cut them anew and put a random fingerprint into `state.json`;
ours is a hash of what was written, so that the same input gives the same bytes.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from watermark.corpus.arrow_rows import batch_full_rows, batch_rows, check_schema, edit_batches
from watermark.corpus.rows import Columns, Edit, FullRow, Row
from watermark.errors import CorpusError
from watermark.limits import PLAN
from watermark.safe_json import BoundsError, read_json_file

DICT_FILE = "dataset_dict.json"
STATE_FILE = "state.json"
INFO_FILE = "dataset_info.json"

_END_OF_STREAM = b"\xff\xff\xff\xff\x00\x00\x00\x00"
_OUTDATED = ("splits", "download_checksums", "download_size", "dataset_size", "size_in_bytes")
"""What `dataset_info.json` says of the rows as they were, or of the disk they were made on."""


@dataclass(frozen=True)
class SavedSplit:
    """The folder of one split, or of a data set without splits."""

    path: Path
    name: str
    """Its name in the output folder; empty for a data set without splits."""
    columns: Columns

    def rows(self) -> Iterator[Row]:
        """Yield the rows of all shards."""
        for shard in self._shards():
            yield from batch_rows(_batches(shard, self.columns), self.columns, str(shard))

    def full_rows(self) -> Iterator[FullRow]:
        """Yield the same rows with all their columns."""
        for shard in self._shards():
            yield from batch_full_rows(_batches(shard, self.columns), self.columns, str(shard))

    def rewrite(self, folder: Path, edit: Edit) -> None:
        """Write the shards again under the same names."""
        split = folder / self.name
        split.mkdir(exist_ok=True)
        shards = self._shards()
        for shard in shards:
            batches = edit_batches(_batches(shard, self.columns), self.columns, str(shard), edit)
            write_stream(split / shard.name, _schema(shard), batches)
        info = read_json(self.path / INFO_FILE)
        write_json(split / INFO_FILE, {k: v for k, v in info.items() if k not in _OUTDATED})
        write_state(split, [shard.name for shard in shards], read_json(self.path / STATE_FILE))
        list_split(folder, self.name)

    def _shards(self) -> list[Path]:
        state = read_json(self.path / STATE_FILE)
        names = [str(file["filename"]) for file in state.get("_data_files", [])]
        if state.get("_indices_data_files") or any(Path(name).name != name for name in names):
            raise CorpusError(
                f"{self.path / STATE_FILE}: rows are picked through an index or lie in another "
                "folder; load the data set with `datasets` and save it again"
            )
        return [self.path / name for name in names]


def is_saved(folder: Path) -> bool:
    """Whether `save_to_disk` made this folder."""
    return (folder / DICT_FILE).is_file() or (folder / STATE_FILE).is_file()


def saved_parts(folder: Path, columns: Columns, split: str | None) -> tuple[SavedSplit, ...]:
    """Return the splits of a saved data set as parts of a corpus.

    Raises:
        CorpusError: The split is not there, or the folder is damaged.
    """
    if (folder / DICT_FILE).is_file():
        names = [str(name) for name in read_json(folder / DICT_FILE).get("splits", [])]
    else:
        names = []
    if any(Path(name).name != name for name in names):
        raise CorpusError(f"{folder / DICT_FILE}: a split is not a folder beside this file")
    if split is not None:
        if split not in names:
            listed = ", ".join(map(repr, names)) or "no splits"
            raise CorpusError(f"{folder}: wanted split {split!r}, but the data set has {listed}")
        return (SavedSplit(folder / split, "", columns),)
    if names:
        return tuple(SavedSplit(folder / name, name, columns) for name in names)
    return (SavedSplit(folder, "", columns),)


def list_split(folder: Path, name: str) -> None:
    """Add a split to the list that `datasets` finds in a folder with several."""
    if not name:
        return
    path = folder / DICT_FILE
    names = read_json(path)["splits"] if path.is_file() else []
    write_json(path, {"splits": [*names, name]})


def read_json(path: Path) -> dict[str, Any]:
    """Return the object in a JSON file.

    Raises:
        CorpusError: It is missing, damaged or no object.
    """
    try:
        value = read_json_file(path, PLAN)
    except BoundsError as error:
        raise CorpusError(
            f"{path}: wanted the JSON file that `datasets` writes beside its data, it {error}; "
            "save the data set again with save_to_disk"
        ) from error
    if not isinstance(value, dict):
        raise CorpusError(f"{path}: wanted a JSON object, got {type(value).__name__}")
    return value


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Write an object as JSON with its keys in order."""
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def write_stream(path: Path, schema: Any, batches: Iterable[Any]) -> None:
    """Write record batches as one Arrow stream."""
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, schema) as out:
        for batch in batches:
            out.write_batch(batch)


def write_state(folder: Path, shards: list[str], state: dict[str, Any]) -> None:
    """Write `state.json` for shards that are there, with their hash as the fingerprint."""
    digest = hashlib.sha256()
    for shard in shards:
        with (folder / shard).open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    fresh = {"_data_files": [{"filename": shard} for shard in shards]}
    fingerprint = {"_fingerprint": digest.hexdigest()[:16]}
    write_json(folder / STATE_FILE, {**state, **fresh, **fingerprint})


def _schema(shard: Path) -> Any:
    with _stream(shard) as source:
        return source.schema


def _batches(shard: Path, columns: Columns) -> Iterator[Any]:
    with _stream(shard) as source:
        check_schema(source.schema, columns, str(shard))
        try:
            yield from source
        except (OSError, pa.ArrowException) as error:
            raise _unreadable(shard, error) from error


@contextmanager
def _stream(shard: Path) -> Iterator[Any]:
    with ExitStack() as stack:
        try:
            _refuse_cut(shard)
            file = stack.enter_context(pa.OSFile(str(shard)))
            source = stack.enter_context(pa.ipc.open_stream(file))
        except (OSError, pa.ArrowException) as error:
            raise _unreadable(shard, error) from error
        yield source


def _refuse_cut(shard: Path) -> None:
    """Raise `OSError` for a stream without its end, which Arrow would read as a shorter one."""
    with shard.open("rb") as file:
        file.seek(max(0, shard.stat().st_size - len(_END_OF_STREAM)))
        if file.read() != _END_OF_STREAM:
            raise OSError("the end of the stream is missing")


def _unreadable(shard: Path, error: Exception) -> CorpusError:
    return CorpusError(
        f"{shard}: could not be read as an Arrow stream ({error}); if the file was cut short or "
        "damaged, save the data set again with save_to_disk"
    )
