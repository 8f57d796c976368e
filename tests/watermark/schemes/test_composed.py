import pytest

from watermark.document import Document, Site, apply_choices, restore
from watermark.scheme import Growth
from watermark.schemes.composed import Composed, compose
from watermark.schemes.leximark import LexiMark
from watermark.schemes.look_alikes import LookAlikes
from watermark.schemes.random_sequence import RandomSequence

TEXT = Document("d", "one two three")


def site(start, original):
    return Site("d", start, original, (original, "x"), f"draw {start}")


def test_the_second_scheme_marks_only_what_the_first_left_alone():
    first = [site(0, "one"), site(8, "three")]
    second = [site(1, "n"), site(4, "t"), site(8, ""), site(10, ""), site(13, "")]
    (sites,) = compose([first], [second])
    assert [(s.start, s.original, s.draw[:2]) for s in sites] == [
        (0, "one", "1/"),
        (4, "t", "2/"),
        (8, "", "2/"),
        (8, "three", "1/"),
        (13, "", "2/"),
    ]
    marked = apply_choices(TEXT, sites, [1] * 5)
    assert marked.document.text == "x xwo xxx"
    assert restore(marked) == TEXT


def test_two_insertions_at_one_place_do_not_mix():
    (ours,) = RandomSequence(length=3).find_sites([TEXT])
    (theirs,) = RandomSequence(length=2, separator=" ").find_sites([TEXT])
    (sites,) = compose([ours], [theirs])
    assert [s.draw for s in sites] == ["1/sequence:0", "1/sequence:1", "1/sequence:2"]


def test_each_scheme_keeps_its_own_growth():
    both = Composed(LexiMark(sites_per_coin=3), RandomSequence())
    assert both.growth("1/big.a:big|large") == Growth(3, 2.0, "en")
    assert both.growth("2/sequence:0") is None
    assert both.describe()["second"]["name"] == "random_sequence"


def test_a_scheme_without_a_key_cannot_be_composed():
    with pytest.raises(ValueError, match="the key draws"):
        Composed(LookAlikes(), LexiMark(rule="published"))
