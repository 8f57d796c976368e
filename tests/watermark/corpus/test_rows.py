import pytest

from watermark.corpus.rows import (
    ColumnError,
    Columns,
    Row,
    find_column,
    make_full_row,
    make_row,
)
from watermark.errors import CorpusError

BOTH = Columns("body", "key")


def test_a_column_is_found_by_its_position():
    assert find_column(["id", "text", "n"], "text", "f") == 1


def test_a_missing_column_is_named_with_those_that_exist():
    with pytest.raises(ColumnError, match=r"f: no column 'text'; the columns are 'a', 'b'") as hit:
        find_column(["a", "b"], "text", "f")
    assert hit.value.column == "text"
    with pytest.raises(ColumnError, match="there are no columns"):
        find_column([], "text", "f")


def test_two_columns_of_one_name_are_refused():
    with pytest.raises(CorpusError, match="2 columns are named 'text'"):
        find_column(["text", "text"], "text", "f")


def test_a_row_takes_its_id_from_the_column_if_there_is_one():
    assert make_row(BOTH, "words", 7, "f:1") == Row("words", "7", "f:1")
    assert make_row(Columns("body"), "words", 7, "f:1") == Row("words", None, "f:1")


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        (None, "a", "'body' must hold a string, got nothing"),
        (3.5, "a", r"'body' must hold a string, got 3.5 \(float\)"),
        ("x", None, "'key' must hold an id, a string or a whole number, got nothing"),
        ("x", "", "got nothing"),
        ("x", True, r"got True \(bool\)"),
        ("x", 1.0, r"got 1.0 \(float\)"),
    ],
)
def test_cells_of_the_wrong_kind_are_refused_with_their_place(text, name, said):
    with pytest.raises(CorpusError, match=f"f:4: column {said}" if "'" in said else said):
        make_row(BOTH, text, name, "f:4")


def test_a_full_row_has_the_other_columns_in_order():
    row = Row("words", "a", "f:1")
    cells = [("n", 1), ("body", "words"), ("key", "a"), ("label", 0)]
    assert list(make_full_row(row, BOTH, cells).columns.items()) == [("n", 1), ("label", 0)]
    with pytest.raises(CorpusError, match="two columns are named 'n'"):
        make_full_row(row, BOTH, [*cells, ("n", 2)])
