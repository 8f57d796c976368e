"""A folder of texts: paths are ids, bytes are kept."""

import pytest

from watermark.corpus import open_corpus
from watermark.corpus.text_folder import file_names
from watermark.document import Document
from watermark.errors import CorpusError


def make(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def test_paths_are_ids_and_others_are_left_out_and_counted(tmp_path):
    files = {"b/1.txt": b"B", "a.md": b"A", "b.TEXT": b"C", "b/x.png": b"\xff", "none": b""}
    hidden = {".git/a.txt": b"no", ".a.txt": b"no"}
    corpus = open_corpus(make(tmp_path / "in", files | hidden))
    assert list(corpus.documents()) == [
        Document("a.md", "A"),
        Document("b.TEXT", "C"),
        Document("b/1.txt", "B"),
    ]
    assert corpus.left_out == 2


def test_names_are_sorted_as_whole_paths(tmp_path):
    names = ["a-b.txt", "a.txt", "a/z.txt", "a/z/y.txt", "a0.txt", "é.txt"]
    make(tmp_path, dict.fromkeys(reversed(names), b""))
    assert list(file_names(tmp_path)) == sorted(names)


def test_bytes_are_kept_with_line_ends_and_byte_order_mark(tmp_path):
    files = {"a.txt": b"\xef\xbb\xbfone\r\ntwo\n\rthree", "b.txt": b"", "c.txt": b"\xef\xbb\xbf"}
    corpus = open_corpus(make(tmp_path / "in", files))
    documents = list(corpus.documents())
    assert [d.text for d in documents] == ["one\r\ntwo\n\rthree", "", ""]
    corpus.rewrite(tmp_path / "same", (d.text for d in documents))
    assert {path.name: path.read_bytes() for path in (tmp_path / "same").iterdir()} == files
    corpus.rewrite(tmp_path / "other", ["ONE\r\n", None, None])
    assert [p.name for p in (tmp_path / "other").iterdir()] == ["a.txt"]
    assert (tmp_path / "other" / "a.txt").read_bytes() == b"\xef\xbb\xbfONE\r\n"


def test_a_folder_of_readmes_beside_texts_is_all_texts(tmp_path):
    corpus = open_corpus(make(tmp_path / "in", {"a/README.md": b"a", "b/guide.md": b"b"}))
    assert [document.id for document in corpus.documents()] == ["a/README.md", "b/guide.md"]
    assert corpus.left_out == 0


def test_a_link_to_a_folder_above_is_not_followed(tmp_path):
    make(tmp_path / "in", {"a.txt": b"a"})
    (tmp_path / "in" / "up").symlink_to(tmp_path)
    assert [d.id for d in open_corpus(tmp_path / "in").documents()] == ["a.txt"]


def test_a_file_that_is_not_text_is_named_with_its_line(tmp_path):
    make(tmp_path / "in", {"a.txt": b"one\ntwo \xff", "0.txt": b""})
    corpus = open_corpus(tmp_path / "in")
    with pytest.raises(CorpusError, match=r"a\.txt:2: not UTF-8: byte 0xff at position 5"):
        list(corpus.documents())


def test_a_file_that_went_away_is_named(tmp_path):
    make(tmp_path / "in", {"a.txt": b"one"})
    (tmp_path / "in" / "b.txt").symlink_to(tmp_path / "nowhere")
    with pytest.raises(CorpusError, match=r"b\.txt: could not be read \(No such file"):
        list(open_corpus(tmp_path / "in").documents())


def test_the_output_may_not_lie_in_the_folder_that_is_read(tmp_path):
    corpus = open_corpus(make(tmp_path / "in", {"a.txt": b"one"}))
    with pytest.raises(CorpusError, match="lies inside the corpus"):
        corpus.rewrite(tmp_path / "in" / "deep" / "out", ["two"])
    assert [path.name for path in (tmp_path / "in").iterdir()] == ["a.txt"]
