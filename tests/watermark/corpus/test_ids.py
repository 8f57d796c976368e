from contextlib import closing

import pytest

from watermark.corpus.ids import DocumentIds
from watermark.corpus.rows import Row
from watermark.errors import CorpusError


@pytest.fixture
def ids():
    with closing(DocumentIds()) as made:
        yield made


def test_without_a_column_an_id_is_the_start_of_the_hash_and_a_count(ids):
    # SHA-256("abc") = ba7816bf 8f01cfea ..., the test vector of FIPS 180-2
    rows = [Row("abc", None, "f:1"), Row("other", None, "f:2"), Row("abc", None, "f:3")]
    names = [ids.document(row).id for row in rows]
    assert names[0] == "ba7816bf8f01cfea-0"
    assert names[2] == "ba7816bf8f01cfea-1"
    assert names[1].endswith("-0")


def test_an_id_from_a_column_stays_and_may_come_once(ids):
    document = ids.document(Row("abc", "7", "f:1"))
    assert (document.id, document.text) == ("7", "abc")
    assert ids.document(Row("abc", "8", "f:2")).id == "8"  # the text may come again
    with pytest.raises(CorpusError, match=r"f:3: id '7' comes twice; make the ids unique"):
        ids.document(Row("another", "7", "f:3"))


@pytest.mark.parametrize(
    "row", [Row("ab\ud800", None, "f:9"), Row("ab\ud800", "1", "f:9"), Row("a", "ab\ud800", "f:9")]
)
def test_half_of_a_surrogate_pair_is_refused_at_its_position(ids, row):
    with pytest.raises(CorpusError, match=r"f:9: character 3 is half of a surrogate pair .*d800"):
        ids.document(row)
