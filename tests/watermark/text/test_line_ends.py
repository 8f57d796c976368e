import pytest

from watermark.document import Document, Site
from watermark.schemes.leximark import LexiMark
from watermark.schemes.leximark_sites import find_sites
from watermark.text.line_ends import (
    LineFeedText,
    in_original,
    with_line_feeds,
    with_line_feeds_in_place,
)

ORIGINAL = "\ufeffone\r\ntwo\rthree\n\r\nfour"


def test_every_character_keeps_its_place_in_the_original():
    read = with_line_feeds(ORIGINAL)
    assert read.text == "one\ntwo\nthree\n\nfour"
    for offset, character in enumerate(read.text):
        there = ORIGINAL[read.original_offset(offset)]
        assert there == character or (there, character) == ("\r", "\n")


def test_a_text_with_line_feeds_is_left_as_it_is():
    assert with_line_feeds("a\nb") == LineFeedText("a\nb", ())


def test_in_place_no_offset_changes():
    plain = with_line_feeds_in_place(ORIGINAL[1:] + "\u2028five")
    assert len(plain) == len(ORIGINAL) + 4
    assert plain == "one \ntwo\nthree\n \nfour\nfive"


def test_a_site_across_a_line_end_has_that_of_the_original():
    text = "it was a\r\nlarge house"
    read = with_line_feeds(text)
    site = Site("d", 7, "a\nlarge", ("a\nlarge", "an\nample"), "draw")
    moved = in_original(site, Document("d", text), read)
    assert moved == Site("d", 7, "a\r\nlarge", ("a\r\nlarge", "an\r\nample"), "draw")
    assert text[moved.start : moved.end] == moved.original


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"])
def test_sites_do_not_depend_on_line_ends(resources, end):
    plain = (
        "The committee purchased a large building near the old harbour, and the\nworkers began to "
        "repair the broken windows.\n\n```\nlarge building = broken\n```\n\n- Many people "
        "complained that\n  the noise was terrible.\n\nThey wanted to finish the difficult "
        "job, a\nlarge one."
    )
    text = "\ufeff" + plain.replace("\n", end)
    (expected,) = find_sites(resources, [Document("d", plain)], LexiMark())
    (found,) = find_sites(resources, [Document("d", text)], LexiMark())
    assert len(found) >= 5
    assert [
        (s.original.replace(end, "\n"), tuple(c.replace(end, "\n") for c in s.candidates), s.draw)
        for s in found
    ] == [(s.original, s.candidates, s.draw) for s in expected]
    assert all(text[s.start : s.end] == s.original == s.candidates[0] for s in found)
