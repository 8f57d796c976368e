"""Texts that stood for faults: what must stay, what must never be offered, and any line end.

Each line of tests/fixtures/cases.jsonl is a text with what holds for it: `stays` lists pieces in
which no word may be a site (or "all"), `never` words that may not be offered, and `marked` says
that the prose around them has sites.
"""

import json
from pathlib import Path

import pytest

from watermark.document import Document
from watermark.schemes.leximark import LexiMark
from watermark.schemes.leximark_sites import find_sites

FILE = Path(__file__).parents[2] / "fixtures/cases.jsonl"
CASES = {
    case["id"]: case for case in map(json.loads, FILE.read_text(encoding="utf-8").split("\n")[:-1])
}
GREEDY = LexiMark(words_per_sentence=9)
"""More sites a sentence than by default: what holds for all words holds for the chosen ones."""


def sites(resources, text, scheme=GREEDY):
    (found,) = find_sites(resources, [Document("d", text)], scheme)
    return found


@pytest.mark.parametrize("name", CASES)
def test_what_stood_for_a_fault_stays_right(resources, name):
    case = CASES[name]
    text, found = case["text"], sites(resources, case["text"])
    stays = case.get("stays", [])
    for piece in [text] if stays == "all" else stays:
        start = text.index(piece)
        inside = [s.original for s in found if s.start < start + len(piece) and start < s.end]
        assert inside == [], piece
    offered = {word.split()[-1].lower() for site in found for word in site.candidates}
    assert offered & set(case.get("never", [])) == set()
    assert found or not case.get("marked", False)


def lines_of_sites(text, found):
    plain = [text[: s.start].replace("\r\n", "\n").replace("\r", "\n").count("\n") for s in found]
    return list(zip(plain, (site.candidates for site in found), strict=True))


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("scheme", [GREEDY, LexiMark()], ids=["greedy", "default"])
def test_the_sites_do_not_depend_on_line_ends_and_byte_order_marks(resources, name, scheme):
    text = CASES[name]["text"]
    wanted = lines_of_sites(text, sites(resources, text, scheme))
    for end in ("\r\n", "\r"):
        for mark in ("", "\ufeff"):
            other = mark + text.replace("\n", end)
            assert lines_of_sites(other, sites(resources, other, scheme)) == wanted
