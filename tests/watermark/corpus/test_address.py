"""Data sets at addresses, in the memory of this process and as `file://`."""

import gzip
import json

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from watermark.corpus import open_corpus
from watermark.corpus.address import Address, parse_address, refuse_used, upload
from watermark.errors import CorpusError, PrerequisiteError, ToolkitError

LINES = '{"text": "One.", "n": 1.50}\r\n\n{"n": 2, "text": "Tw\\u00f6."}\n'


@pytest.fixture
def memory():
    files = fsspec.filesystem("memory")
    files.store.clear()
    yield files
    files.store.clear()


def upper(row):
    return None if "One" in row.text else row.text.upper()


def rewritten(corpus, folder):
    folder.mkdir()
    corpus.rewrite_parts(folder, range(len(corpus.parts)), upper)
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*.*")}


@pytest.mark.parametrize("source", ["news.jsonl", "/data/news.jsonl", "owner/name", 3, "C:\\news"])
def test_paths_and_hub_ids_are_no_addresses(source):
    assert parse_address(source) is None


def test_files_at_an_address_are_read_and_written_as_files_here_are(memory, tmp_path):
    here = tmp_path / "here"
    (here / "sub").mkdir(parents=True)
    (here / "a.jsonl").write_text(LINES, newline="")
    (here / "sub/b.jsonl.gz").write_bytes(gzip.compress(LINES.replace("One", "Uno").encode()))
    (here / ".hidden.jsonl").write_text(LINES)
    (here / "README.md").write_text("read me")
    memory.put(str(here), "/bucket/news", recursive=True)
    local, remote = open_corpus(here), open_corpus("memory://bucket/news")
    assert (remote.form, remote.left_out) == (local.form, local.left_out)
    assert list(remote.documents()) == list(local.documents())
    assert [r.columns for r in remote.full_rows()] == [{"n": 1.5}, {"n": 2}] * 2
    assert rewritten(remote, tmp_path / "two") == rewritten(local, tmp_path / "one")
    single = open_corpus("memory://bucket/news/sub/b.jsonl.gz")
    assert (single.form, len(list(single.documents()))) == ("jsonl.gz", 2)


def test_parquet_at_an_address_keeps_its_columns(memory, tmp_path):
    table = pa.table({"id": ["a", "b"], "text": ["One.", "Two."], "year": [1, 2]})
    with memory.open("/bucket/x.parquet", "wb") as file:
        pq.write_table(table, file)
    corpus = open_corpus("memory://bucket/x.parquet", id_column="id")
    assert [document.id for document in corpus.documents()] == ["a", "b"]
    made = rewritten(corpus, tmp_path / "out")
    (tmp_path / "x.parquet").write_bytes(made["x.parquet"])
    assert pq.read_table(tmp_path / "x.parquet").to_pydict() == {
        "id": ["b"],
        "text": ["TWO."],
        "year": [2],
    }


def test_messages_name_the_address_and_not_the_copy(memory):
    memory.pipe("/bucket/x.jsonl", b'{"text": "One."}\n{"text": 3}\n')
    corpus = open_corpus("memory://bucket/x.jsonl")
    with pytest.raises(CorpusError, match=r"^memory://bucket/x.jsonl:2: column 'text'"):
        list(corpus.documents())
    assert next(corpus.full_rows()).row.place == "memory://bucket/x.jsonl:1"


@pytest.mark.parametrize(
    ("address", "error", "words"),
    [
        ("memory://bucket/none", CorpusError, "got none of these"),
        ("memory://bucket/mixed", CorpusError, "got csv and jsonl"),
        ("memory://bucket/texts", CorpusError, "got text"),
        ("memory://bucket/texts/a.txt", CorpusError, "wanted JSON Lines, CSV or Parquet"),
        ("nonsense://bucket/x.jsonl", CorpusError, "nonsense"),
    ],
)
def test_what_cannot_be_read_at_an_address_is_said(memory, address, error, words):
    for name in ("mixed/a.jsonl", "mixed/b.csv", "texts/a.txt"):
        memory.pipe(f"/bucket/{name}", b"text\n")
    with pytest.raises(error, match=words):
        open_corpus(address)


def test_a_package_that_a_storage_needs_is_named(monkeypatch):
    def missing(text):
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr("fsspec.core.url_to_fs", missing)
    with pytest.raises(PrerequisiteError, match=r"s3://bucket/x.jsonl: Install s3fs"):
        open_corpus("s3://bucket/x.jsonl")


def test_what_is_uploaded_is_the_folder_and_a_cut_upload_goes_on(memory, tmp_path):
    (tmp_path / "made/sub").mkdir(parents=True)
    (tmp_path / "made/a.jsonl").write_text("1\n")
    (tmp_path / "made/sub/b.jsonl").write_text("2\n")
    target = Address("memory://bucket/out")
    memory.pipe("/bucket/out/a.jsonl", b"1")  # cut
    upload(tmp_path / "made", target)
    assert target.names() == ["a.jsonl", "sub/b.jsonl"]
    assert memory.cat("/bucket/out/a.jsonl") == b"1\n"
    assert memory.cat("/bucket/out/sub/b.jsonl") == b"2\n"
    upload(tmp_path / "made", target)
    memory.pipe("/bucket/out/other.jsonl", b"3")
    with pytest.raises(ToolkitError, match=r"out/other.jsonl: is not of this data set"):
        upload(tmp_path / "made", target)
    with pytest.raises(ToolkitError, match="exists already"):
        refuse_used(target)
    refuse_used(Address("memory://bucket/free"))


def test_one_file_of_a_folder_in_the_file_system_has_an_address_too(tmp_path):
    (tmp_path / "x.jsonl").write_text(json.dumps({"text": "One."}) + "\n")
    (document,) = open_corpus(f"file://{tmp_path}/x.jsonl").documents()
    assert document.text == "One."
    Address(f"file://{tmp_path}/new/deep/y.jsonl").put(tmp_path / "x.jsonl")
    assert (tmp_path / "new/deep/y.jsonl").read_text() == (tmp_path / "x.jsonl").read_text()
