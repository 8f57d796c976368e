"""Parquet: the file is the same but for the text."""

from itertools import repeat

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watermark.corpus import open_corpus
from watermark.corpus.parquet import _groups
from watermark.errors import CorpusError


def rewritten(path, edit=str.upper):
    corpus = open_corpus(path)
    corpus.rewrite(path.parent / "out", (edit(d.text) for d in corpus.documents()))
    return pq.ParquetFile(path.parent / "out" / path.name)


def test_schema_metadata_and_compression_are_kept(tmp_path):
    schema = pa.schema(
        [
            pa.field("l", pa.list_(pa.struct([("a.b", pa.int8())])), metadata={"k": "v"}),
            pa.field("text", pa.string(), nullable=False, metadata={"unit": "words"}),
            pa.field("at", pa.timestamp("us", "UTC")),
            pa.field("kind", pa.dictionary(pa.int32(), pa.string())),
        ],
        metadata={"owner": "me"},
    )
    rows = [{"l": [{"a.b": 1}], "text": "a", "at": 5, "kind": "x"}]
    rows += [{"l": None, "text": "b", "at": None, "kind": None}]
    path = tmp_path / "a.parquet"
    table = pa.Table.from_pylist(rows, schema)
    pq.write_table(table, path, compression={"text": "zstd", "at": "none", "kind": "gzip"})
    found = rewritten(path)
    assert found.schema_arrow.equals(pq.ParquetFile(path).schema_arrow, check_metadata=True)
    assert found.read().drop_columns("text").equals(table.drop_columns("text"))
    assert found.read().column("text").to_pylist() == ["A", "B"]

    def codecs(file):
        group = file.metadata.row_group(0)
        return [group.column(n).compression for n in range(group.num_columns)]

    assert codecs(found) == codecs(pq.ParquetFile(path))
    assert set(codecs(found)) == {"ZSTD", "UNCOMPRESSED", "GZIP"}


@pytest.mark.parametrize(
    "type_",
    [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())],
    ids=str,
)
def test_texts_keep_their_type(tmp_path, type_):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": pa.array(["a", "b", "a"], type_)}), path)
    found = rewritten(path).read()
    assert found.column("text").type == type_
    assert found.column("text").to_pylist() == ["A", "B", "A"]


def test_rows_are_withheld_beside_columns_of_views(tmp_path):
    path = tmp_path / "a.parquet"
    views = {"text": pa.string_view(), "id": pa.string_view(), "raw": pa.binary_view()}
    rows = {"text": ["a", "é" * 40, "c"], "id": ["1", "2", "3"], "raw": [b"1", b"2", b"3"]}
    pq.write_table(pa.table({n: pa.array(rows[n], views[n]) for n in rows}), path)
    corpus = open_corpus(path, id_column="id")
    kept = [None if d.id == "1" else d.text.upper() for d in corpus.documents()]
    corpus.rewrite(tmp_path / "out", kept)
    found = pq.read_table(tmp_path / "out" / path.name)
    assert found.schema.types == list(views.values())
    assert found.to_pylist() == [
        {"text": "É" * 40, "id": "2", "raw": b"2"},
        {"text": "C", "id": "3", "raw": b"3"},
    ]


@pytest.mark.parametrize("rows_a_group", [50, 1000, 10_000])
def test_row_groups_keep_about_their_size(tmp_path, rows_a_group):
    path = tmp_path / "a.parquet"
    pq.write_table(
        pa.table({"text": [str(n) for n in range(3000)]}), path, row_group_size=rows_a_group
    )
    before, after = pq.ParquetFile(path).metadata, rewritten(path).metadata
    assert after.num_rows == 3000
    assert before.num_row_groups * 0.9 <= after.num_row_groups <= before.num_row_groups


def test_a_giant_row_group_is_written_in_pieces(monkeypatch):
    monkeypatch.setattr("watermark.corpus.parquet._BYTES_A_ROW_GROUP", 1000)
    batches = [pa.record_batch({"text": ["x" * 400]}) for _ in range(10)]
    groups = list(_groups(batches, 1_000_000))
    assert [len(group) for group in groups] == [3, 3, 3, 1]  # 404 bytes each


def test_a_file_without_rows_is_empty(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": pa.array([], pa.string())}), path)
    with pytest.raises(CorpusError, match="the corpus is empty"):
        open_corpus(path)


def test_a_shard_without_rows_stays_one(tmp_path):
    (tmp_path / "in").mkdir()
    schema = pa.schema([("text", pa.string())])
    pq.write_table(pa.table({"text": ["a"]}), tmp_path / "in" / "0.parquet")
    pq.ParquetWriter(tmp_path / "in" / "1.parquet", schema).close()
    corpus = open_corpus(tmp_path / "in")
    assert corpus.rewrite(tmp_path / "out", ["b"]) == 1
    assert pq.read_table(tmp_path / "out" / "1.parquet").schema == schema


def test_all_rows_may_be_withheld(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": ["a"], "n": [1]}), path)
    assert open_corpus(path).rewrite(tmp_path / "out", [None]) == 0
    assert pq.read_table(tmp_path / "out" / "a.parquet").schema == pq.read_schema(path)


@pytest.mark.parametrize(
    ("array", "complaint"),
    [
        (pa.array([1, 2]), "a.parquet: column 'text' must hold strings, got int64"),
        (pa.array([["a"], ["b"]]), "a.parquet: column 'text' must hold strings, got list"),
        (pa.array(["a", None]), "a.parquet:2: column 'text' must hold a string, got nothing"),
        (
            pa.array([b"a", b"b\xff"]).view(pa.string()),
            "a.parquet:2: not UTF-8 at byte 2 of the string",
        ),
    ],
    ids=["numbers", "lists", "null", "bytes"],
)
def test_what_is_no_text_is_named(tmp_path, array, complaint):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": array}), path)
    with pytest.raises(CorpusError, match=complaint):
        list(open_corpus(path).documents())


def test_rows_are_counted_through_all_batches(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": [*map(str, range(299)), None]}), path)
    corpus = open_corpus(path)
    with pytest.raises(CorpusError, match=r"a\.parquet:300: .* must hold a string"):
        list(corpus.documents())
    with pytest.raises(CorpusError, match=r"a\.parquet:300: .* must hold a string"):
        corpus.rewrite(tmp_path / "out", repeat("b"))


def test_whole_numbers_are_ids_and_others_are_not(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": ["a", "a"], "n": [7, 8], "x": [1.0, 2.0]}), path)
    names = [document.id for document in open_corpus(path, id_column="n").documents()]
    assert names == ["7", "8"]
    with pytest.raises(CorpusError, match=r"a\.parquet:1: .* must hold an id.* got 1\.0 \(float\)"):
        open_corpus(path, id_column="x")


@pytest.mark.parametrize("content", [b"", b"PAR1", b"text\nno Parquet\n" * 10])
def test_a_file_that_is_no_parquet_is_named(tmp_path, content):
    path = tmp_path / "a.parquet"
    path.write_bytes(content)
    with pytest.raises(CorpusError, match=r"a\.parquet: could not be read as Parquet"):
        open_corpus(path)


def test_a_file_that_was_cut_short_is_named(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"text": ["a"] * 100}), path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(CorpusError, match=r"a\.parquet: could not be read as Parquet"):
        open_corpus(path)


TEXTS = st.text(st.characters(codec="utf-8"))


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=5))
def test_any_text_is_replaced_by_any_other(tmp_path_factory, pairs):
    path = tmp_path_factory.mktemp("any") / "a.parquet"
    pq.write_table(pa.table({"text": [old for old, _ in pairs], "n": range(len(pairs))}), path)
    edits = iter([new for _, new in pairs])
    found = rewritten(path, lambda _: next(edits)).read()
    assert found.to_pydict() == {"text": [new for _, new in pairs], "n": list(range(len(pairs)))}
