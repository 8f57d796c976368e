import gzip

from watermark.substitution.thesaurus_evidence import FILE, NONE, thesaurus_evidence


def test_evidence_is_read_from_either_side():
    one, other = thesaurus_evidence("car", "automobile"), thesaurus_evidence("automobile", "car")
    assert (one.listed, one.lists) == (other.lists, other.listed)
    assert one.alike == other.alike > 0
    assert one.listed or one.lists


def test_words_that_it_does_not_connect_have_none():
    assert thesaurus_evidence("car", "sing") == NONE


def test_every_line_is_a_pair_in_order():
    with gzip.open(FILE, "rt", encoding="ascii") as lines:
        rows = [line.split("\t") for line in lines]
    assert all(one < other for one, other, _, _ in rows)
    assert len({(one, other) for one, other, _, _ in rows}) == len(rows) > 10_000
    assert {code for _, _, code, _ in rows} == {"0", "1", "2", "3"}
    assert all(0 <= int(alike) <= 100 for *_, alike in rows)
