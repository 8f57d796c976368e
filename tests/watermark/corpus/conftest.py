"""One small corpus in every form, with a reader for each that is not ours."""

import csv
import gzip
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

Rows = list[dict[str, Any]]

ROWS: Rows = [
    {"id": f"d{n}", "n": n, "text": text, "tag": "ä"}
    for n, text in enumerate(
        [
            "First text.\nOf two lines.",
            "Said \"he\", and 'she'.",
            "",
            "Ναί 🙂\t\u05e9\u05dc\u05d5\u05dd",
            "the same",
            "last",
        ]
    )
]


FEATURES = datasets.Features(
    {
        "id": datasets.Value("string"),
        "n": datasets.Value("int64"),
        "text": datasets.Value("string"),
        "tag": datasets.Value("string"),
    }
)


@dataclass(frozen=True)
class Form:
    """How to make a corpus of a form without our code, and how to read what we wrote."""

    name: str
    write: Callable[[Path, Rows], Any]
    read: Callable[[Path], Rows]
    id_column: str | None = "id"


def _table(rows: Rows) -> pa.Table:
    return pa.Table.from_pylist(rows, FEATURES.arrow_schema)


def _dataset(rows: Rows) -> datasets.Dataset:
    columns = {name: [row[name] for row in rows] for name in FEATURES}
    return datasets.Dataset.from_dict(columns, features=FEATURES)


def _json_bytes(rows: Rows) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def _parse_json(content: bytes) -> Rows:
    return [json.loads(line) for line in content.split(b"\n") if line]


def _zstd(content: bytes) -> bytes:
    return bytes(pa.Codec("zstd").compress(content, asbytes=True))


def _unzstd(content: bytes) -> bytes:
    return bytes(pa.CompressedInputStream(pa.py_buffer(content), "zstd").read())


def _write_bytes(name: str, encode: Callable[[Rows], bytes]) -> Callable[[Path, Rows], Path]:
    def write(folder: Path, rows: Rows) -> Path:
        path = folder / name
        path.write_bytes(encode(rows))
        return path

    return write


def _write_csv(folder: Path, rows: Rows) -> Path:
    path = folder / "news.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, ["id", "n", "text", "tag"])
        table.writeheader()
        table.writerows(rows)
    return path


def _read_csv(target: Path) -> Rows:
    with (target / "news.csv").open(encoding="utf-8", newline="") as file:
        return [{**row, "n": int(row["n"])} for row in csv.DictReader(file)]


def _write_parquet(folder: Path, rows: Rows) -> Path:
    path = folder / "news.parquet"
    pq.write_table(_table(rows), path)
    return path


def _write_shards(folder: Path, rows: Rows) -> Path:
    (folder / "shards" / "b").mkdir(parents=True)
    (folder / "shards" / "README.md").write_text("about the data")
    pq.write_table(_table(rows[:4]), folder / "shards" / "a.parquet")
    pq.write_table(_table(rows[4:]), folder / "shards" / "b" / "0.parquet")
    return folder / "shards"


def _read_shards(target: Path) -> Rows:
    shards = [target / "a.parquet", target / "b" / "0.parquet"]
    return [row for shard in shards for row in pq.ParquetFile(shard).read().to_pylist()]


def _write_texts(folder: Path, rows: Rows) -> Path:
    (folder / "texts").mkdir()
    for row in rows:
        path = folder / "texts" / "deep" / f"{row['id']}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(row["text"].encode())
    return folder / "texts"


def _read_texts(target: Path) -> Rows:
    paths = sorted((target / "deep").iterdir())
    return [_row_of_file(path.stem, path.read_bytes().decode()) for path in paths]


def _row_of_file(name: str, text: str) -> dict[str, Any]:
    return {"id": name, "n": int(name[1:]), "text": text, "tag": "ä"}


def _save(folder: Path, rows: Rows) -> Path:
    _dataset(rows).save_to_disk(str(folder / "saved"))
    return folder / "saved"


def _save_splits(folder: Path, rows: Rows) -> Path:
    _splits(rows).save_to_disk(str(folder / "saved"))
    return folder / "saved"


def _splits(rows: Rows) -> datasets.DatasetDict:
    return datasets.DatasetDict(train=_dataset(rows[:4]), test=_dataset(rows[4:]))


def _load(target: Path) -> Rows:
    loaded = datasets.load_from_disk(str(target), keep_in_memory=True)
    if isinstance(loaded, datasets.DatasetDict):
        assert list(loaded) == ["train", "test"]
        return [*loaded["train"].to_list(), *loaded["test"].to_list()]
    return list(loaded.to_list())


FORMS = [
    Form(
        "jsonl",
        _write_bytes("news.jsonl", _json_bytes),
        lambda target: _parse_json((target / "news.jsonl").read_bytes()),
    ),
    Form(
        "jsonl.gz",
        _write_bytes("news.jsonl.gz", lambda rows: gzip.compress(_json_bytes(rows))),
        lambda target: _parse_json(gzip.decompress((target / "news.jsonl.gz").read_bytes())),
    ),
    Form(
        "jsonl.zst",
        _write_bytes("news.jsonl.zst", lambda rows: _zstd(_json_bytes(rows))),
        lambda target: _parse_json(_unzstd((target / "news.jsonl.zst").read_bytes())),
    ),
    Form("csv", _write_csv, _read_csv),
    Form(
        "parquet", _write_parquet, lambda t: pq.ParquetFile(t / "news.parquet").read().to_pylist()
    ),
    Form("parquet-folder", _write_shards, _read_shards),
    Form("text-folder", _write_texts, _read_texts, id_column=None),
    Form("datasets-folder", _save, _load),
    Form("datasets-folder", _save_splits, _load),
    Form("datasets", lambda _, rows: _dataset(rows), _load),
    Form("datasets", lambda _, rows: _splits(rows), _load),
]


@pytest.fixture
def rows() -> Rows:
    return [dict(row) for row in ROWS]


@pytest.fixture(params=FORMS, ids=[f"{n}-{form.name}" for n, form in enumerate(FORMS)])
def form(request: pytest.FixtureRequest) -> Form:
    """Every form that a corpus can have."""
    found = request.param
    assert isinstance(found, Form)
    return found


@pytest.fixture(autouse=True)
def quiet_datasets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No progress bars, a cache that goes with the test, and no waiting for the disk."""
    datasets.disable_progress_bars()
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / ".cache")
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
