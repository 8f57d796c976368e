"""Names decide the form; what is not clear is refused."""

import pytest

from watermark.corpus import open_corpus
from watermark.errors import CorpusError

LINE = '{"text": "a"}\n'


def make(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("text\na\n" if ".csv" in name or ".tsv" in name else LINE)
    return folder


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("a.jsonl", "jsonl"),
        ("a.ndjson", "ndjson"),
        ("a.json", "json"),
        ("A.B.JSONL", "jsonl"),
        ("a.csv", "csv"),
        ("a.tsv", "tsv"),
    ],
)
def test_a_file_has_the_form_of_its_name(tmp_path, name, form):
    corpus = open_corpus(make(tmp_path, name) / name)
    assert corpus.form == form
    assert [document.text for document in corpus.documents()] == ["a"]


@pytest.mark.parametrize("name", ["a.txt", "a.parquet.gz", "jsonl", "a.jsonl.bz2", "a.xlsx"])
def test_a_file_of_no_known_form_is_refused_with_those_that_are(tmp_path, name):
    with pytest.raises(CorpusError, match=rf"{name}: unknown form; wanted JSON Lines \(\.jsonl"):
        open_corpus(make(tmp_path, name) / name)


def test_a_folder_of_tables_leaves_notes_and_descriptions_out(tmp_path):
    names = ["b/2.ndjson", "a.jsonl", "README.md", "LICENSE.txt", "dataset_infos.json", "b/x.png"]
    corpus = open_corpus(make(tmp_path / "in", *names))
    assert corpus.form == "jsonl-folder"
    assert corpus.left_out == 4
    corpus.rewrite(tmp_path / "out", (d.text for d in corpus.documents()))
    written = [p.relative_to(tmp_path / "out") for p in (tmp_path / "out").rglob("*.*json*")]
    assert sorted(map(str, written)) == ["a.jsonl", "b/2.ndjson"]


@pytest.mark.parametrize(
    ("names", "complaint"),
    [
        (["a.jsonl", "b.csv"], "wanted files of one form, got csv and jsonl"),
        (["a.jsonl", "b.txt"], "wanted files of one form, got jsonl and text"),
        (["README.md", "a.arrow"], "none of its 2 files is a document; wanted JSON Lines"),
        (["a.json"], "none of its 1 files is a document; wanted JSON Lines"),
    ],
)
def test_a_folder_of_no_one_form_is_refused(tmp_path, names, complaint):
    with pytest.raises(CorpusError, match=complaint):
        open_corpus(make(tmp_path / "in", *names))


def test_a_single_file_has_no_splits(tmp_path):
    with pytest.raises(CorpusError, match="has no splits; leave out --split"):
        open_corpus(make(tmp_path, "a.jsonl") / "a.jsonl", split="train")


def test_a_path_where_nothing_is_is_refused(tmp_path):
    with pytest.raises(CorpusError, match=r"gone\.jsonl: no such file or folder"):
        open_corpus(tmp_path / "gone.jsonl")
