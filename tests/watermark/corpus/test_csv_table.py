"""CSV: nothing but the cell of the text changes, whatever the delimiter and the quotation."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watermark.corpus import open_corpus
from watermark.errors import CorpusError

CELLS = st.text(st.characters(codec="utf-8") | st.sampled_from(list(' ,;\t|"\r\n\0\u2028')))


def rewritten(path: Path, texts: dict[str, str], **columns: str) -> bytes:
    corpus = open_corpus(path, **columns)
    edited = (texts.get(d.text, d.text) for d in corpus.documents())
    corpus.rewrite(path.parent / "out", edited)
    return (path.parent / "out" / path.name).read_bytes()


def test_only_the_cell_of_the_text_is_replaced(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b'id,text,"n"\r\n"007",old,1.50\r\nx,"old",\r\n\r\ny,left,5" disk')
    assert rewritten(path, {"old": "new"}) == (
        b'id,text,"n"\r\n"007",new,1.50\r\nx,"new",\r\n\r\ny,left,5" disk'
    )


def test_a_cell_is_quoted_when_its_new_text_must_be(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"text\na\nb\nc\nd\n")
    edits = {"a": "x,y", "b": 'x "y"', "c": "", "d": "x\ny"}
    assert rewritten(path, edits) == b'text\n"x,y"\n"x ""y"""\n""\n"x\ny"\n'


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_ALL, csv.QUOTE_MINIMAL, csv.QUOTE_NONNUMERIC])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_file_without_edits_is_kept_to_the_byte(tmp_path, delimiter, quoting, mark):
    path, file = tmp_path / "a.csv", io.StringIO()
    table = csv.writer(file, delimiter=delimiter, quoting=quoting)
    table.writerows([["text", "n"], ["a,b;c\td|e", 1], ['"', 2.5], ["", ""], ["\r\n\n", "x"]])
    path.write_bytes((mark + file.getvalue()).encode())
    assert rewritten(path, {}) == path.read_bytes()
    texts = [document.text for document in open_corpus(path).documents()]
    assert texts == ["a,b;c\td|e", '"', "", "\r\n\n"]


def test_a_quoted_header_behind_a_byte_order_mark_is_one_record(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes('\ufeff"of two\nlines",text\nx,old\n'.encode())
    assert [document.text for document in open_corpus(path).documents()] == ["old"]
    assert rewritten(path, {"old": "new"}) == '\ufeff"of two\nlines",text\nx,new\n'.encode()


def test_a_tsv_with_one_column_may_hold_commas(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_bytes(b"text\none, two\n")
    assert [document.text for document in open_corpus(path).documents()] == ["one, two"]


@settings(deadline=None, max_examples=40)
@given(rows=st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=4), edits=st.data())
def test_any_table_is_edited_as_the_csv_module_would_read_it(tmp_path_factory, rows, edits):
    path = tmp_path_factory.mktemp("any") / "a.csv"
    quoting = edits.draw(st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]))
    file = io.StringIO()
    csv.writer(file, quoting=quoting).writerows([["a", "text", "b"], *rows])
    path.write_bytes(file.getvalue().encode())
    texts = {text: edits.draw(CELLS) for _, text, _ in rows}
    content = rewritten(path, texts).decode()
    found = list(csv.reader(io.StringIO(content, newline=""), strict=True))
    assert found == [["a", "text", "b"], *([a, texts[text], b] for a, text, b in rows)]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (b"a", "wanted 2 cells as in the header, got 1"),
        (b"a,b,c", "wanted 2 cells as in the header, got 3"),
        (b'"a"b,c', "a quotation mark inside a quoted cell must be doubled"),
        (b'"a,c', "unexpected end of data"),
        (b"a\rb,c", "not a record of a table"),
        (b"\xe9,c", "not UTF-8: byte 0xe9 at position 1 of the line"),
    ],
)
def test_a_record_that_does_not_fit_is_named(tmp_path, line, complaint):
    path = tmp_path / "a.csv"
    path.write_bytes(b'text,n\n"two\nlines",1\n' + line + b"\n")
    corpus = open_corpus(path)
    with pytest.raises(CorpusError, match=rf"a\.csv:4: .*{complaint}"):
        list(corpus.documents())


def test_a_file_without_a_header_is_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"\n\n")
    with pytest.raises(CorpusError, match=r"a\.csv:1: wanted a header"):
        open_corpus(path)


def test_a_column_that_is_there_twice_is_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"text,text\na,b\n")
    with pytest.raises(CorpusError, match="2 columns are named 'text'"):
        open_corpus(path)


def test_missing_columns_are_listed_under_the_likeliest_delimiter(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"id;body;n\n1;b;2\n")
    with pytest.raises(CorpusError, match="the columns are 'id', 'body', 'n'"):
        open_corpus(path)
