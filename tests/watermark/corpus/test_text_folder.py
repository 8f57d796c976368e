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


NOTES = [
    "README.md", "a/README.md", "readme.txt", "LICENSE", "LICENSE-MIT.txt", "LICENCE.md",
    "NOTICE.txt", "NOTICE", "COPYING", "COPYING.LESSER", "a/COPYING.txt", "LICENSES/MIT.txt",
    "CHANGELOG.md", "readme.TXT", "License.TXT", "README.en.md", "readme.en.md", "Readme-first.txt",
    "READ.ME.txt", "read_me.txt", "00README.txt", "_README.txt", "licenses/mit.txt",
    "license-mit.txt", "License_1_0.txt", "MIT-LICENSE.txt", "gpl-3.0.txt", "font.LICENSE.txt",
    "UNLICENSE", "copyright.txt", "copying.lesser.txt", "third-party-notices.md", "AUTHORS",
    "CONTRIBUTORS.txt", "CODE_OF_CONDUCT.md", "CITATION.md", "PATENTS.txt", "SHA256SUMS.txt",
    "requirements.txt", "CMakeLists.txt",
]  # fmt: skip
"""Files that are written again as they are."""


@pytest.mark.parametrize("name", NOTES)
def test_notes_are_no_documents_and_are_copied_as_they_are(tmp_path, name):
    content = b"\xef\xbb\xbfAll rights\r\nreserved \xff"
    corpus = open_corpus(make(tmp_path / "in", {name: content, "guide.md": b"a", "x.png": b"b"}))
    assert list(corpus.documents()) == [Document("guide.md", "a")]
    assert corpus.left_out == 1
    corpus.rewrite(tmp_path / "out", ["A"])
    assert (tmp_path / "out" / name).read_bytes() == content
    assert (tmp_path / "out" / "guide.md").read_bytes() == b"A"


DOCUMENTS = [
    "licensed-drivers.txt", "notices.md", "READMEs of old.txt", "license-to-kill.txt", "history.md",
    "driving-license.txt", "HISTORY/rome.txt", "the-authors.txt", "copyright-law.txt", "mit.md",
    "gpl-history.txt", "bread-me.txt", "reading-me.txt", "security-in-kenya.md",
]  # fmt: skip


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_text_whose_name_only_begins_like_a_note_is_a_document(tmp_path, name):
    corpus = open_corpus(make(tmp_path / "in", {name: b"a"}))
    assert [document.id for document in corpus.documents()] == [name]


@pytest.mark.parametrize("name", ["b.txt", "LICENSE", "deep/b.txt", "shard.jsonl"])
@pytest.mark.parametrize("target", ["private.txt", "in/.hidden/private.txt", "in-too/private.txt"])
def test_a_link_that_leads_outside_or_to_a_hidden_file_is_refused_by_name(tmp_path, name, target):
    make(tmp_path, {target: b"secret", "in/a.txt": b"a", "in/deep/c.txt": b"c"})
    (tmp_path / "in" / name).symlink_to(tmp_path / target)
    with pytest.raises(CorpusError, match=rf"{name}: is a link to .*private\.txt.*remove the link"):
        open_corpus(tmp_path / "in")


def test_a_link_within_the_folder_is_read(tmp_path):
    make(tmp_path / "in", {"deep/a.txt": b"a"})
    (tmp_path / "in" / "b.txt").symlink_to("deep/a.txt")
    assert [d.text for d in open_corpus(tmp_path / "in").documents()] == ["a", "a"]


def test_a_snapshot_in_the_cache_of_the_hub_may_link_to_its_blobs(tmp_path):
    make(tmp_path / "repo", {"blobs/abc": b"a", "snapshots/1/note.md": b"b"})
    (tmp_path / "repo" / "snapshots" / "1" / "a.txt").symlink_to("../../blobs/abc")
    documents = open_corpus(tmp_path / "repo" / "snapshots" / "1").documents()
    assert [d.id for d in documents] == ["a.txt", "note.md"]


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
