import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.loading.labelled import first_words, labels_of, read_records
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
    with pytest.raises(CorpusError, match="wanted a column"):
        read_records(jsonl(tmp_path / "x.jsonl", {"other": "one", "label": 1}), form)


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
        ("[1]", "got list"),
        ('{"text": 3}', "wanted a text in 'text', got int"),
        ('{"text": null}', "wanted a column 'text'"),
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
    with pytest.raises(CorpusError, match="cannot be read as Parquet"):
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
