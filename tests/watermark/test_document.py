import pytest

from watermark.document import Document, Segment, Site, apply_choices, restore, segments, sites_of

TEXT = "The big dog saw a big cat."
DOCUMENT = Document("d", TEXT)
SITES = (
    Site("d", 4, "big", ("big", "enormous"), "big"),
    Site("d", 16, "a big", ("a big", "an enormous"), "big"),
)


def test_the_chosen_words_stand_where_the_marks_say():
    marked = apply_choices(DOCUMENT, SITES, [1, 1])
    assert marked.document.text == "The enormous dog saw an enormous cat."
    assert [mark.start for mark in marked.marks] == [4, 21]  # 16 + 5 letters that came in before
    for mark in marked.marks:
        assert marked.document.text[mark.start :].startswith(mark.chosen)


@pytest.mark.parametrize("choices", [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_restoring_gives_back_the_document_and_its_sites(choices):
    marked = apply_choices(DOCUMENT, SITES, choices)
    assert restore(marked) == DOCUMENT
    assert sites_of(marked) == SITES


def test_segments_are_the_marks_with_what_marking_left_alone():
    marked = apply_choices(DOCUMENT, SITES, [1, 0])
    first, second = marked.marks
    assert list(segments(marked)) == [
        Segment("The ", first, SITES[0]),
        Segment(" dog saw ", second, SITES[1]),
        Segment(" cat.", None, None),
    ]
    assert list(segments(apply_choices(DOCUMENT, [], []))) == [Segment(TEXT, None, None)]


def test_sites_out_of_order_are_refused():
    with pytest.raises(ValueError, match="out of order"):
        apply_choices(DOCUMENT, SITES[::-1], [0, 0])


def test_a_site_that_does_not_fit_the_text_is_refused():
    with pytest.raises(ValueError, match="has no 'dog' at 4"):
        apply_choices(DOCUMENT, [Site("d", 4, "dog", ("dog", "hound"), "dog")], [0])


def test_a_text_that_was_edited_afterwards_cannot_be_restored():
    marked = apply_choices(DOCUMENT, SITES, [1, 1])
    edited = Document("d", marked.document.text.replace("enormous", "huge"))
    with pytest.raises(ValueError, match="has no 'enormous'"):
        restore(type(marked)(edited, marked.marks))


def test_a_site_of_another_document_is_refused():
    with pytest.raises(ValueError, match="of 'e' is out of order"):
        apply_choices(DOCUMENT, [Site("e", 4, "big", ("big", "enormous"), "big")], [1])
