from dataclasses import replace
from itertools import pairwise

import pytest

from watermark.document import Document, apply_choices, restore, text_sha256
from watermark.scheme import Growth
from watermark.schemes.leximark import LexiMark
from watermark.schemes.leximark_sites import find_sites
from watermark.substitution.candidates import CandidateSettings
from watermark.variants.find import KINDS, check_kinds, is_document_draw, kind_of

TEXT = (
    "On Monday, the committee said that it would purchase 300 enormous vehicles. Prices rose by 5% "
    "in the spring, and the shop sells apples, pears and plums. The physician didn't see the boat."
)
WORDS = LexiMark(
    variants=(), words_per_sentence=50, min_rarity_bits=5.0, fit=CandidateSettings(min_fit=0.0)
)
BOTH = replace(WORDS, variants=tuple(KINDS))


def find(resources, text, scheme=BOTH, name="d"):
    (sites,) = find_sites(resources, [Document(name, text)], scheme)
    return sites


def test_words_and_variants_are_marked_together_and_do_not_overlap(resources):
    sites = find(resources, TEXT)
    kinds = {kind_of(site.draw) for site in sites}
    assert {"", "opening_comma", "that_clauses", "percent", "serial_comma"} <= kinds
    for one, other in pairwise(sites):
        assert one.end <= other.start
    document = Document("d", TEXT)
    for choice in (0, 1):
        marked = apply_choices(document, sites, [choice] * len(sites))
        assert marked.document != document
        assert restore(marked) == document


def test_words_beside_variants_are_the_sites_that_they_are_without(resources):
    alone = {s.start for s in find(resources, TEXT, WORDS)}
    variants = [s for s in find(resources, TEXT) if kind_of(s.draw)]
    clear = {s for s in alone if not any(v.start < s + 1 and s < v.end for v in variants)}
    assert clear <= {s.start for s in find(resources, TEXT)}


def test_a_document_is_named_by_its_text_and_not_by_its_id(resources):
    first, second = (find(resources, TEXT, name=name) for name in ("a", "b"))
    assert [s.draw for s in first] == [s.draw for s in second]
    percent = next(s.draw for s in first if kind_of(s.draw) == "percent")
    assert is_document_draw(percent)
    assert text_sha256(TEXT) in percent
    assert percent not in {s.draw for s in find(resources, TEXT + " It rained.")}


def test_line_ends_change_no_draw_but_the_name_of_the_text(resources):
    lf = TEXT.replace(". ", ".\n\n")
    crlf = lf.replace("\n", "\r\n")
    of_lf, of_crlf = (
        [(s.draw.replace(text_sha256(text), "TEXT"), s.candidates) for s in find(resources, text)]
        for text in (lf, crlf)
    )
    assert of_lf == of_crlf


def test_a_draw_of_one_document_is_one_coin_and_a_variant_may_become_frequent(resources):
    draws = {kind_of(s.draw): s.draw for s in find(resources, TEXT)}
    assert BOTH.growth(draws["percent"]) is None
    assert BOTH.growth(draws["that_clauses"]) == Growth(BOTH.sites_per_coin, None, "en")


@pytest.mark.parametrize("mark", ["> {}", "<pre>{}</pre>"])
def test_quoted_lines_and_code_stay(resources, mark):
    said = "The company said that it would close the plant."
    scheme = LexiMark(words_per_sentence=0, variants=("that_clauses",))
    assert len(find(resources, said, scheme)) == 1
    assert find(resources, mark.format(said), scheme) == []


def test_a_protected_word_is_neither_put_in_nor_taken_out(resources):
    scheme = LexiMark(
        words_per_sentence=0, variants=("percent",), protected_words=frozenset({"percent"})
    )
    assert find(resources, TEXT, scheme) == []


@pytest.mark.parametrize(
    "settings",
    [{"rule": "published"}, {"scope": "site"}, {"scope": "document"}, {"keep_original": False}],
)
def test_variants_are_refused_where_they_cannot_be_drawn(settings):
    assert LexiMark(**settings).variant_kinds == ()
    with pytest.raises(ValueError, match="variants need"):
        LexiMark(variants=("percent",), **settings)


def test_invalid_kinds_are_refused():
    with pytest.raises(ValueError, match="no kind of variant 'commas'"):
        check_kinds(["commas"])
    with pytest.raises(ValueError, match="comes twice"):
        check_kinds(["percent", "percent"])
    with pytest.raises(ValueError, match="K must be 1 or more"):
        LexiMark(words_per_sentence=0, variants=())
