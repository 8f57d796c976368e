"""What holds for every form."""

import hashlib
import resource
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from watermark.corpus import CorpusDigest, corpus_digest, open_corpus
from watermark.document import Document
from watermark.errors import CorpusError, ToolkitError


def tree(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def texts_of(corpus) -> Iterator[str]:
    return (document.text for document in corpus.documents())


def shouted(corpus) -> Iterator[str]:
    return (text.upper() for text in texts_of(corpus))


def test_documents_come_in_the_order_of_the_rows_and_again(form, rows, tmp_path):
    corpus = open_corpus(form.write(tmp_path, rows), id_column=form.id_column)
    assert corpus.form == form.name
    documents = list(corpus.documents())
    assert [document.text for document in documents] == [row["text"] for row in rows]
    names = [Path(document.id).stem for document in documents]
    assert names == [row["id"] for row in rows]
    assert list(corpus.documents()) == documents


def test_ids_from_the_text_hold_when_rows_move(form, rows, tmp_path):
    if form.name == "text-folder":
        pytest.skip("its ids are its paths")
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    rows.append({**rows[4], "id": "d6", "n": 6})
    forward = list(open_corpus(form.write(tmp_path / "a", rows)).documents())
    backward = list(open_corpus(form.write(tmp_path / "b", rows[::-1])).documents())
    assert sorted(forward, key=lambda d: d.id) == sorted(backward, key=lambda d: d.id)
    assert forward[0].id == hashlib.sha256(rows[0]["text"].encode()).hexdigest()[:16] + "-0"
    same = hashlib.sha256(b"the same").hexdigest()[:16]
    assert [document.id for document in forward if document.text == "the same"] == [
        f"{same}-0",
        f"{same}-1",
    ]


def test_full_rows_are_the_rows_with_all_their_other_columns(form, rows, tmp_path):
    corpus = open_corpus(form.write(tmp_path, rows), id_column=form.id_column)
    found = list(corpus.full_rows())
    assert [full.row for full in found] == [row for part in corpus.parts for row in part.rows()]
    if form.name == "text-folder":
        assert all(full.columns == {} for full in found)
        return
    numbers = str if form.name == "csv" else int
    assert [list(full.columns.items()) for full in found] == [
        [("n", numbers(row["n"])), ("tag", row["tag"])] for row in rows
    ]


def test_rewriting_without_an_edit_keeps_every_row(form, rows, tmp_path):
    corpus = open_corpus(form.write(tmp_path, rows), id_column=form.id_column)
    assert corpus.rewrite(tmp_path / "out", texts_of(corpus)) == len(rows)
    assert form.read(tmp_path / "out") == rows


def test_only_the_text_changes_in_an_edited_row(form, rows, tmp_path):
    corpus = open_corpus(form.write(tmp_path, rows), id_column=form.id_column)
    corpus.rewrite(tmp_path / "out", shouted(corpus))
    assert form.read(tmp_path / "out") == [{**row, "text": row["text"].upper()} for row in rows]


def test_a_row_without_a_text_is_withheld(form, rows, tmp_path):
    corpus = open_corpus(form.write(tmp_path, rows), id_column=form.id_column)
    texts = [text if n % 2 else None for n, text in enumerate(shouted(corpus))]
    assert corpus.rewrite(tmp_path / "out", texts) == 3
    assert form.read(tmp_path / "out") == [
        {**row, "text": row["text"].upper()} for row in rows[1::2]
    ]


def test_the_output_has_the_form_of_the_input(form, rows, tmp_path):
    corpus = open_corpus(form.write(tmp_path, rows), id_column=form.id_column)
    corpus.rewrite(tmp_path / "out", texts_of(corpus))
    output = tmp_path / "out"
    if corpus.form.split(".")[0] in ("jsonl", "csv", "parquet"):
        (output,) = (tmp_path / "out").iterdir()
        assert output.name == Path(corpus.source).name
    again = open_corpus(output, id_column=form.id_column)
    assert again.form == (form.name if form.name != "datasets" else "datasets-folder")
    assert list(again.documents()) == list(corpus.documents())


def test_two_rewrites_are_byte_identical(form, rows, tmp_path):
    outputs = []
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        corpus = open_corpus(form.write(tmp_path / folder, rows), id_column=form.id_column)
        corpus.rewrite(tmp_path / folder / "out", shouted(corpus))
        outputs.append(tree(tmp_path / folder / "out"))
    assert outputs[0] == outputs[1]
    assert outputs[0]


def test_what_exists_is_never_replaced(form, rows, tmp_path):
    corpus = open_corpus(form.write(tmp_path, rows), id_column=form.id_column)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("mine")
    before = tree(tmp_path)
    with pytest.raises(ToolkitError, match="exists already"):
        corpus.rewrite(tmp_path / "out", texts_of(corpus))
    assert tree(tmp_path) == before


@pytest.mark.parametrize(("n_more", "message"), [(-1, "5 and .* more rows"), (1, "more than 6")])
def test_fewer_or_more_texts_than_rows_leave_no_output(form, rows, tmp_path, n_more, message):
    corpus = open_corpus(form.write(tmp_path, rows), id_column=form.id_column)
    before = tree(tmp_path)
    with pytest.raises(ValueError, match=f"wanted one text a row, got {message}"):
        corpus.rewrite(tmp_path / "out", ["x"] * (len(rows) + n_more))
    assert tree(tmp_path) == before
    assert not (tmp_path / "out").exists()


def test_texts_are_taken_as_they_are_written_and_to_the_end(form, rows, tmp_path):
    corpus = open_corpus(form.write(tmp_path, rows), id_column=form.id_column)
    out, steps = tmp_path / "out", list[str]()

    def ahead() -> Iterator[str | None]:
        """Read three documents at once, and note what is there when the last one was taken."""
        documents = corpus.documents()
        while batch := list(islice(documents, 3)):
            for document in batch:
                steps.append(document.text)
                yield document.text.upper() if len(steps) < len(rows) else None
        steps.append(f"made {out.exists()}")

    assert corpus.rewrite(out, ahead()) == len(rows) - 1
    assert steps == [*(row["text"] for row in rows), "made False"]
    assert form.read(out) == [{**row, "text": row["text"].upper()} for row in rows[:-1]]


def test_a_full_disk_leaves_no_output(form, rows, tmp_path):
    corpus = open_corpus(form.write(tmp_path, rows), id_column=form.id_column)
    before = tree(tmp_path)
    noise = "".join(hashlib.sha256(bytes([n % 256, n // 256])).hexdigest() for n in range(20_000))
    long = [noise] * len(rows)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
    try:
        with pytest.raises(CorpusError, match=r"out: could not be written .*nothing was left"):
            corpus.rewrite(tmp_path / "out", long)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert tree(tmp_path) == before
    assert not (tmp_path / "out").exists()


def test_a_corpus_without_documents_is_refused(form, tmp_path):
    with pytest.raises(CorpusError, match=r"corpus is empty|none of its 0 files is a document"):
        open_corpus(form.write(tmp_path, []))


def test_an_id_that_comes_twice_is_named_with_its_place(form, rows, tmp_path):
    if form.id_column is None:
        pytest.skip("paths are unique")
    rows[5]["id"] = "d0"
    corpus = open_corpus(form.write(tmp_path, rows), id_column="id")
    with pytest.raises(CorpusError, match=r"\S+:\d+: id 'd0' comes twice; "):
        list(corpus.documents())


def test_a_column_that_is_not_there_is_named_with_those_that_are(form, rows, tmp_path):
    source = form.write(tmp_path, rows)
    if form.name == "text-folder":
        with pytest.raises(CorpusError, match="has no columns"):
            open_corpus(source, text_column="body")
        return
    with pytest.raises(CorpusError, match=r"no column 'body'; the columns are 'id', 'n', 'text'"):
        open_corpus(source, text_column="body")
    with pytest.raises(CorpusError, match=r"no column 'name'; the columns are 'id', 'n', 'text'"):
        open_corpus(source, id_column="name")


def test_a_long_document_passes_whole(form, rows, tmp_path):
    rows[1]["text"] = long = 'A sentence of ten megabytes, "all" told.\r\n' * 250_000
    corpus = open_corpus(form.write(tmp_path, rows), id_column=form.id_column)
    assert [document.text for document in corpus.documents()][1] == long
    corpus.rewrite(tmp_path / "out", shouted(corpus))
    assert form.read(tmp_path / "out")[1]["text"] == long.upper()


def test_the_digest_depends_on_every_id_text_and_their_order():
    documents = [Document("a", "bc"), Document("d", "e")]
    digests = {
        corpus_digest(documents),
        corpus_digest(documents[::-1]),
        corpus_digest([Document("ab", "c"), Document("d", "e")]),
        corpus_digest([Document("a", "bcd"), Document("", "e")]),
        corpus_digest(documents[:1]),
    }
    assert len(digests) == 5


def test_the_digest_taken_in_passing_is_that_of_the_corpus():
    documents = [Document("a", "b"), Document("c", "d")]
    digest = CorpusDigest()
    assert list(digest.passing(iter(documents))) == documents
    # by hand: eight bytes of length before each field
    fields = b"".join(b"\0\0\0\0\0\0\0\1" + letter for letter in (b"a", b"b", b"c", b"d"))
    assert digest.hexdigest() == corpus_digest(documents) == hashlib.sha256(fields).hexdigest()
