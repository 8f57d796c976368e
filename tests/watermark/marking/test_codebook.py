import hashlib

import numpy as np
import pytest

from watermark.document import Document, Site
from watermark.marking.codebook import build_codebook, draw_marks
from watermark.schemes.leximark import LexiMark

TEXT = "buy " * 40


def sites(document_id="d", n=40, draw="buy.v:buy|purchase"):
    return [Site(document_id, 4 * i, "buy", ("buy", "purchase"), draw) for i in range(n)]


def test_a_draw_keeps_no_more_sites_than_the_cap(key):
    settings = LexiMark(max_sites_per_draw=5)
    codebook = build_codebook(sites(), settings)
    marked = draw_marks(Document("d", TEXT), sites(), codebook, settings, key)
    assert len(marked.marks) == 5


def test_the_kept_sites_are_those_of_the_lowest_hash():
    settings = LexiMark(max_sites_per_draw=5)
    (limit,) = build_codebook(sites(), settings).last_rank.values()
    names = [f"{s.draw}\0{s.document_id}\0{s.start}".encode() for s in sites()]
    ranks = sorted(int(hashlib.sha256(name).hexdigest()[:16], 16) for name in names)
    assert limit == ranks[4]


def test_the_cap_does_not_depend_on_the_order_of_the_sites():
    rng = np.random.default_rng(0)
    many = [s for d in "abc" for s in sites(d)]
    settings = LexiMark(max_sites_per_draw=7)
    wanted = build_codebook(many, settings)
    for _ in range(5):
        rng.shuffle(many)
        assert build_codebook(many, settings) == wanted


def test_a_draw_below_the_cap_keeps_all_its_sites(key):
    settings = LexiMark(max_sites_per_draw=40)
    marked = draw_marks(
        Document("d", TEXT), sites(), build_codebook(sites(), settings), settings, key
    )
    assert len(marked.marks) == 40


def test_sites_of_one_draw_get_the_same_word_as_the_key_says(key):
    settings = LexiMark(max_sites_per_draw=100)
    marked = draw_marks(
        Document("d", TEXT), sites(), build_codebook(sites(), settings), settings, key
    )
    chosen = ("buy", "purchase")[key.draw("buy.v:buy|purchase", 2)]
    assert {mark.chosen for mark in marked.marks} == {chosen}


@pytest.mark.parametrize("scope", ["word", "site"])
def test_the_rule_published_draws_nothing(key, scope):
    settings = LexiMark(rule="published", scope=scope)
    offers = [Site("d", 4 * i, "buy", ("purchase", "bribe"), "published") for i in range(40)]
    codebook = build_codebook(offers, settings)
    assert codebook.replacements == {"buy": "bribe"}  # the rarer of the two
    marked = draw_marks(Document("d", TEXT), offers, codebook, settings, key)
    assert {mark.chosen for mark in marked.marks} == {"bribe"}
    assert len(marked.marks) == 40


def test_a_place_where_the_settled_word_does_not_fit_stays_as_it_was(key):
    settings = LexiMark(rule="published")
    offers = [
        Site("d", 0, "buy", ("purchase",), "published"),
        Site("d", 4, "buy", ("purchase", "bribe"), "published"),
    ]
    marked = draw_marks(
        Document("d", TEXT), offers, build_codebook(offers, settings), settings, key
    )
    assert [mark.start for mark in marked.marks] == [4]
