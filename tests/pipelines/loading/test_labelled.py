import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.loading.labelled import first_words, labels_of, read_records
from watermark.corpus import open_corpus
from watermark.errors import CorpusError


def jsonl(path, *rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    return str(path)


def pairs(records):
    return [(record.document.text, record.columns) for record in records]


def test_wikimia(tmp_path):
    source = jsonl(tmp_path / "w.jsonl", {"input": "one", "label": 1}, {"input": "two", "label": 0})
    found = read_records(source, "wikimia")
    assert pairs(found) == [("one", {"label": 1}), ("two", {"label": 0})]


def test_bookmia_keeps_what_else_it_has(tmp_path):
    row = {"book_id": 7, "book": "A", "snippet_id": 0, "snippet": "one", "label": 1}
    (record,) = read_records(jsonl(tmp_path / "b.jsonl", row), "bookmia")
    assert record.document.text == "one"
    assert record.columns == {"book_id": 7, "book": "A", "snippet_id": 0, "label": 1}


def test_mimir_has_two_documents_a_row_with_their_neighbours(tmp_path):
    row = {"member": "in", "nonmember": "out", "member_neighbors": ["im", "an"]}
    found = read_records(jsonl(tmp_path / "m.jsonl", row), "mimir")
    assert pairs(found) == [("in", {"label": 1, "neighbours": ["im", "an"]}), ("out", {"label": 0})]


@pytest.mark.parametrize("name", ["text", "input", "snippet"])
def test_patentmia(tmp_path, name):
    source = jsonl(tmp_path / "p.jsonl", {name: "一种水印", "label": 1})
    assert pairs(read_records(source, "patentmia")) == [("一种水印", {"label": 1})]


@pytest.mark.parametrize("form", ["wikimia", "bookmia", "mimir", "patentmia"])
def test_a_benchmark_of_another_form_is_refused(tmp_path, form):
    with pytest.raises(CorpusError, match=rf"wanted {form}, which has a column .* 'other'"):
        read_records(jsonl(tmp_path / "x.jsonl", {"other": "one", "label": 1}), form)


def test_a_row_of_mimir_has_no_id_of_its_own(tmp_path):
    source = jsonl(tmp_path / "m.jsonl", {"member": "in", "nonmember": "out", "id": 1})
    with pytest.raises(CorpusError, match="a row of mimir is two documents"):
        read_records(source, "mimir", id_column="id")


def test_a_benchmark_without_labels_is_refused(tmp_path):
    with pytest.raises(CorpusError, match="wanted a column 'label'"):
        read_records(jsonl(tmp_path / "x.jsonl", {"input": "one"}), "wikimia")


ROWS = [{"id": "a", "text": "one,\ntwo", "y": 1}, {"id": "b", "text": 'say "x"', "y": 0}]


def csv_file(path):
    path.write_text('id,text,y\na,"one,\ntwo",1\nb,"say ""x""",0\n')
    return str(path)


def parquet_file(path):
    pq.write_table(pa.Table.from_pylist(ROWS), path)
    return str(path)


@pytest.mark.parametrize("name", ["x.jsonl", "x.csv", "x.parquet"])
def test_a_table_of_any_form_is_the_same_records(tmp_path, name):
    make = {"x.csv": csv_file, "x.parquet": parquet_file}.get(name, lambda p: jsonl(p, *ROWS))
    found = read_records(make(tmp_path / name), id_column="id")
    assert [(r.document.id, r.document.text) for r in found] == [
        ("a", "one,\ntwo"),
        ("b", 'say "x"'),
    ]
    assert labels_of([r.columns for r in found], "y").tolist() == [True, False]


DELIMITED = "text,y\none,1\ntwo,0\n"


@pytest.mark.parametrize("delimiter", [";", "|", "\t"])
def test_a_table_may_have_any_delimiter_that_marking_reads(tmp_path, delimiter):
    (tmp_path / "x.csv").write_text(DELIMITED.replace(",", delimiter))
    assert pairs(read_records(str(tmp_path / "x.csv"))) == [
        ("one", {"y": "1"}),
        ("two", {"y": "0"}),
    ]


@pytest.mark.parametrize("name", ["x.csv.gz", "x.csv.zst", "x.jsonl.gz", "x.jsonl.zst"])
def test_a_table_may_be_compressed(tmp_path, name):
    content = DELIMITED if "csv" in name else '{"text": "one"}\n{"text": "two"}\n'
    codec = "gzip" if name.endswith(".gz") else "zstd"
    with pa.CompressedOutputStream(tmp_path / name, codec) as out:
        out.write(content.encode())
    found = read_records(str(tmp_path / name))
    assert [record.document.text for record in found] == ["one", "two"]


@pytest.mark.parametrize("make", [jsonl, lambda path, *rows: parquet_file(path)])
def test_the_shards_of_a_folder_are_one_data_set_without_their_notes(tmp_path, make):
    name = "x.jsonl" if make is jsonl else "x.parquet"
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "README.md").write_text("about the data")
    make(tmp_path / "a" / name, *ROWS)
    make(tmp_path / "a" / "b" / name, *ROWS)
    found = read_records(str(tmp_path / "a"))
    assert pairs(found) == 2 * [(row["text"], {"id": row["id"], "y": row["y"]}) for row in ROWS]
    documents = list(open_corpus(tmp_path / "a").documents())
    assert [record.document for record in found] == documents
    with pytest.raises(CorpusError, match="id 'a' comes twice"):
        read_records(str(tmp_path / "a"), id_column="id")


def test_a_folder_of_texts_has_no_other_columns(tmp_path):
    (tmp_path / "a.txt").write_text("one")
    (record,) = read_records(str(tmp_path))
    assert (record.document.id, record.document.text, record.columns) == ("a.txt", "one", {})


def test_a_saved_data_set_may_have_splits(tmp_path):
    import datasets

    split = datasets.Dataset.from_list([{"input": "one", "label": 1}])
    datasets.DatasetDict({"WikiMIA_length32": split}).save_to_disk(str(tmp_path / "d"))
    found = read_records(str(tmp_path / "d"), "wikimia", split="WikiMIA_length32")
    assert pairs(found) == [("one", {"label": 1})]
    with pytest.raises(CorpusError, match="wanted split 'x'"):
        read_records(str(tmp_path / "d"), "wikimia", split="x")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "got none"),
        ("{", "x.jsonl:1: wanted a JSON object"),
        ("[1]", "x.jsonl:1: wanted a JSON object"),
        ('{"text": 3}', "column 'text' must hold a string, got 3"),
        ('{"text": null}', "column 'text' must hold a string, got nothing"),
        ('{"text": "a", "y": 1, "y": 0}', "x.jsonl:1: two columns are named 'y'"),
        ('{"text": "a", "id": 1.5}', "column 'id' must hold an id"),
        ('{"text": "a", "id": 1}\n{"text": "b", "id": 1}', "comes twice"),
    ],
)
def test_what_is_wrong_with_a_file_is_named(tmp_path, content, message):
    (tmp_path / "x.jsonl").write_text(content)
    with pytest.raises(CorpusError, match=message):
        read_records(str(tmp_path / "x.jsonl"), id_column="id" if "id" in content else None)


def test_missing_files_and_splits_of_files_are_refused(tmp_path):
    with pytest.raises(CorpusError, match="no such file"):
        read_records(str(tmp_path / "no.jsonl"))
    with pytest.raises(CorpusError, match="has no splits"):
        read_records(jsonl(tmp_path / "x.jsonl", {"text": "a"}), split="train")
    (tmp_path / "x.parquet").write_bytes(b"PAR1 not")
    with pytest.raises(CorpusError, match="could not be read as Parquet"):
        read_records(str(tmp_path / "x.parquet"))


def test_labels_are_1_and_0_or_words_for_them():
    cells = [1, 0, True, "1", "member", "nonmember", 0.0, "False"]
    found = labels_of([{"y": cell} for cell in cells], "y")
    np.testing.assert_array_equal(found, [1, 0, 1, 1, 1, 0, 0, 0])


@pytest.mark.parametrize("cell", [2, None, "maybe", 0.5])
def test_other_labels_are_refused(cell):
    with pytest.raises(CorpusError, match=r"row 1: wanted 1 \(member\) or 0 in column 'y'"):
        labels_of([{"y": cell}], "y")


def test_the_first_words_keep_their_spaces():
    assert first_words("one  two\nthree four", 3) == "one  two\nthree"
    assert first_words("one two", 2) == first_words("one two", 9) == "one two"


def test_chinese_words_are_found_by_jieba():
    pytest.importorskip("jieba")
    text = "本发明公开了一种检测水印的方法"
    short = first_words(text, 4)
    assert text.startswith(short)
    assert 4 < len(short) < len(text)


def test_words_may_be_cut_while_reading(tmp_path):
    source = jsonl(tmp_path / "x.jsonl", {"text": "one two three"})
    assert read_records(source, max_words=2)[0].document.text == "one two"
