"""The sites of one kind of variant in a text, for tests."""

from pipelines.loading.candidate_sources import load_lexical_resources
from watermark.document import Document
from watermark.schemes.leximark import LexiMark
from watermark.schemes.leximark_sites import find_sites


def variants_of(kind, text):
    """Return what stands at each site of a kind, and what else may stand there."""
    scheme = LexiMark(words_per_sentence=0, variants=(kind,))
    (sites,) = find_sites(load_lexical_resources(scheme), [Document("d", text)], scheme)
    pairs = []
    for site in sites:
        assert text[site.start : site.end] == site.original
        (other,) = (form for form in site.candidates if form != site.original)
        pairs.append((site.original, other))
    return pairs


def draws_of(kind, text):
    """Return the names of the draws of a kind in a text, in order."""
    scheme = LexiMark(words_per_sentence=0, variants=(kind,))
    (sites,) = find_sites(load_lexical_resources(scheme), [Document("d", text)], scheme)
    return [(site.draw, site.candidates) for site in sites]


def check_both_ways(kind, text, original, other):
    """Hold that a text has one site, and that the changed text has the same the other way round."""
    assert variants_of(kind, text) == [(original, other)]
    assert text.count(original) == 1
    changed = text.replace(original, other)
    assert variants_of(kind, changed) == [(other, original)]
    here, there = draws_of(kind, text), draws_of(kind, changed)
    assert here[0][1] == there[0][1]  # the forms are in one order: a coin means one form
    if "@" not in here[0][0]:  # a document is named by its text
        assert here == there
