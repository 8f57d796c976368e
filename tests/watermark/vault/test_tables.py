import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from watermark.errors import VaultError
from watermark.vault import tables
from watermark.vault.tables import (
    DOCUMENTS_SCHEMA,
    RowWriter,
    read_documents,
    read_rows,
    read_tables,
)

SCHEMA = pa.schema([("n", pa.int64())])
TEXTS = pa.schema([("text", pa.string())])


def write(path, rows, schema=SCHEMA):
    writer = RowWriter(path, schema)
    for row in rows:
        writer.add(row)
    writer.close()
    return path


def test_rows_come_back_in_order_over_several_groups(tmp_path):
    path = write(tmp_path / "table", ({"n": i} for i in range(20_001)))
    assert [row["n"] for row in read_rows(path, SCHEMA)] == list(range(20_001))
    groups = pq.ParquetFile(path).metadata
    assert [groups.row_group(i).num_rows for i in range(3)] == [10_000, 10_000, 1]


def test_a_table_without_rows_is_a_table(tmp_path):
    assert list(read_rows(write(tmp_path / "table", []), SCHEMA)) == []


@pytest.mark.parametrize("read", [lambda path: read_rows(path, TEXTS), read_tables])
def test_of_a_table_no_more_is_held_than_a_group(tmp_path, monkeypatch, read):
    monkeypatch.setattr(tables, "CHARACTERS_PER_GROUP", 100_000)
    rng = np.random.default_rng(0)
    path = write(
        tmp_path / "table", ({"text": rng.bytes(5_000).hex()} for _ in range(2_000)), TEXTS
    )
    assert path.stat().st_size > 9_000_000
    before = pa.total_allocated_bytes()
    assert max(pa.total_allocated_bytes() - before for _ in read(path)) < 1_000_000


def test_no_text_goes_into_the_footer(tmp_path):
    path = write(tmp_path / "table", [{"text": "a" * 4_000}], TEXTS)
    assert pq.ParquetFile(path).metadata.serialized_size < 1_000


def test_the_same_rows_are_the_same_bytes(tmp_path):
    one, two = (write(tmp_path / name, [{"n": 3}, {"n": 1}]) for name in "ab")
    assert one.read_bytes() == two.read_bytes()


def test_documents_have_their_four_fields(tmp_path):
    row = {"id": "a", "original": "text", "published_sha256": "00", "status": "held out"}
    write(tmp_path / "documents.parquet", [row], DOCUMENTS_SCHEMA)
    (document,) = read_documents(tmp_path)
    assert vars(document) == row


@pytest.mark.parametrize("content", [None, b"", b"PAR1 not really"])
def test_what_cannot_be_read_is_named(tmp_path, content):
    if content is not None:
        (tmp_path / "table").write_bytes(content)
    with pytest.raises(VaultError, match="table: cannot be read"):
        list(read_rows(tmp_path / "table", SCHEMA))


def test_long_texts_end_a_group_early_and_parts_have_the_groups_of_the_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "CHARACTERS_PER_GROUP", 500)
    monkeypatch.setattr(tables, "ROWS_PER_GROUP", 7)
    rng = np.random.default_rng(0)
    rows = [
        {"id": f"d{i}", "original": "é" * int(n), "published_sha256": "", "status": ""}
        for i, n in enumerate(rng.integers(0, 200, 60))
    ]
    rows[20]["original"] = "x" * 5_000
    whole = write(tmp_path / "whole", rows, DOCUMENTS_SCHEMA)
    about = pq.ParquetFile(whole).metadata
    sizes = [about.row_group(number).num_rows for number in range(about.num_row_groups)]
    assert max(sizes) <= 7
    ends = np.cumsum(sizes)
    for first, end in zip([0, *ends], ends, strict=False):
        n_characters = [sum(map(len, row.values())) for row in rows[first:end]]
        assert sum(n_characters[:-1]) < 500
        assert len(n_characters) == 7 or sum(n_characters) >= 500 or end == 60
    joined = RowWriter(tmp_path / "joined", DOCUMENTS_SCHEMA)
    for number, part in enumerate((rows[:1], rows[1:33], [], rows[33:])):
        for table in read_tables(write(tmp_path / f"part-{number}", part, DOCUMENTS_SCHEMA)):
            joined.append(table)
    joined.close()
    assert (tmp_path / "joined").read_bytes() == whole.read_bytes()
