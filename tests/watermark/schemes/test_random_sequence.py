import pytest

from watermark.document import Document, apply_choices, restore, sites_of
from watermark.keys import Key
from watermark.schemes.random_sequence import PRINTABLE, RandomSequence

DOCUMENTS = [Document("a", "One text.\r\n"), Document("b", "Another \u200b"), Document("c", " \n")]


def mark(scheme, key, documents=DOCUMENTS):
    found = zip(documents, scheme.find_sites(documents), strict=True)
    return [
        apply_choices(d, sites, [key.draw(s.draw, len(s.candidates)) for s in sites])
        for d, sites in found
    ]


def test_the_sequence_stands_behind_the_text_and_restoring_takes_it_away(key):
    scheme = RandomSequence(length=12)
    for document, marked in zip(DOCUMENTS, mark(scheme, key), strict=True):
        added = marked.document.text.removeprefix(document.text)
        assert added == "" if not document.text.strip() else added[0] == "\n"
        assert len(added) in (0, 13)
        assert set(added[1:]) <= set(PRINTABLE)
        assert restore(marked) == document
        assert list(sites_of(marked)) == next(scheme.find_sites([document]))


def test_one_sequence_for_the_corpus_or_one_for_each_document(key):
    ends = [m.document.text[-12:] for m in mark(RandomSequence(length=12), key)]
    assert ends[0] == ends[1]
    ends = [m.document.text[-12:] for m in mark(RandomSequence("document", 12), key)]
    assert ends[0] != ends[1]
    other = mark(RandomSequence(length=12), Key(bytes(32)))
    assert other[0].document.text[-12:] not in ends


def test_a_share_of_the_documents_is_marked_whatever_the_key():
    documents = [Document(str(i), f"text {i}") for i in range(2000)]
    marked = [bool(s) for s in RandomSequence(length=1, share=0.25).find_sites(documents)]
    assert 500 - 5 * 375**0.5 < sum(marked) < 500 + 5 * 375**0.5


@pytest.mark.parametrize(
    "wrong",
    [{"length": 0}, {"alphabet": "a"}, {"alphabet": "aa"}, {"share": 0.0}, {"scope": "word"}],
)
def test_settings_that_leave_nothing_to_draw_are_refused(wrong):
    with pytest.raises(ValueError, match="must"):
        RandomSequence(**wrong)
