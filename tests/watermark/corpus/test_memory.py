"""Memory does not grow with the corpus: what Python and Arrow hold while one is rewritten."""

import json
import os
import tracemalloc
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from watermark.corpus import open_corpus
from watermark.corpus.ids import DocumentIds
from watermark.corpus.rows import Row

N_ROWS, N_CHARACTERS = 1500, 32_000
N_BYTES = N_ROWS * N_CHARACTERS
"""48 MB: far more than a batch, a row group and the buffers of a stream together."""


def texts() -> Iterator[str]:
    return (f"{n:06d} ".ljust(N_CHARACTERS, "x") for n in range(N_ROWS))


def write_jsonl(folder):
    with (folder / "a.jsonl").open("w") as file:
        file.writelines(json.dumps({"text": text}) + "\n" for text in texts())
    return folder / "a.jsonl"


def write_csv(folder):
    with (folder / "a.csv").open("w") as file:
        file.writelines(["text\n", *(f'"{text}"\n' for text in texts())])
    return folder / "a.csv"


def batches():
    return (pa.record_batch({"text": [text]}) for text in texts())


def write_parquet(folder):
    schema = pa.schema([("text", pa.string())])
    with pq.ParquetWriter(folder / "a.parquet", schema) as out:
        group: list[pa.RecordBatch] = []
        for batch in batches():
            group.append(batch)
            if len(group) == 30:
                out.write_table(pa.Table.from_batches(group))
                group = []
    return folder / "a.parquet"


def write_saved(folder):
    schema = pa.schema([("text", pa.string())])
    (folder / "in").mkdir()
    with pa.ipc.new_stream(str(folder / "in" / "data.arrow"), schema) as out:
        for batch in batches():
            out.write_batch(batch)
    (folder / "in" / "state.json").write_text('{"_data_files": [{"filename": "data.arrow"}]}')
    (folder / "in" / "dataset_info.json").write_text("{}")
    return folder / "in"


def write_texts(folder):
    (folder / "in").mkdir()
    for number, text in enumerate(texts()):
        with (folder / "in" / f"{number % 100}.txt").open("a") as file:
            file.write(text)
    return folder / "in"


@pytest.mark.parametrize("write", [write_jsonl, write_csv, write_parquet, write_saved, write_texts])
def test_memory_does_not_grow_with_the_corpus(tmp_path, write):
    corpus = open_corpus(write(tmp_path))
    in_arrow = [before := pa.total_allocated_bytes()]

    def watched() -> Iterator[str]:
        for document in corpus.documents():
            in_arrow.append(pa.total_allocated_bytes())
            yield "A" + document.text[1:]

    tracemalloc.start()
    try:
        assert corpus.rewrite(tmp_path / "out", watched()) == len(in_arrow) - 1
        in_python = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert in_python + max(in_arrow) - before < N_BYTES / 2


def test_the_ids_that_were_seen_go_to_a_file_beyond_a_fixed_cache():
    names = DocumentIds()
    assert names._seen.execute("PRAGMA cache_size").fetchone() == (-8192,)  # 8 MiB
    names._seen.execute("PRAGMA cache_size = 10")  # pages
    before = len(os.listdir("/dev/fd"))
    for number in range(2000):
        names.document(Row(str(number), None, ""))
    assert len(os.listdir("/dev/fd")) == before + 1
    names.close()
    assert len(os.listdir("/dev/fd")) == before
