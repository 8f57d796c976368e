import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from watermark.errors import VaultError
from watermark.vault.tables import DOCUMENTS_SCHEMA, RowWriter, read_documents, read_rows

SCHEMA = pa.schema([("n", pa.int64())])


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
