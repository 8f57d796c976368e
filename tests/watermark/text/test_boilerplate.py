from collections import Counter

import numpy as np
import pytest

from watermark.document import Document, Site
from watermark.text import boilerplate
from watermark.text.boilerplate import Boilerplate, find_boilerplate

HEADER = "Below is an instruction that describes a task, paired with an input."
FOOTER = "You receive this letter because you have joined our list."


def documents(n=200, templated=50):
    """Return documents of which some stand in a template."""
    texts = [
        f"The traveller met the storm number {i} today.\nShe wrote {i} letters." for i in range(n)
    ]
    texts[:templated] = [f"{HEADER}\n\n### Response:\n{t} {FOOTER}" for t in texts[:templated]]
    return [Document(str(i), text) for i, text in enumerate(texts)]


def recurring(found, text):
    return [text[start:end] for start, end in found.spans(text)]


def test_a_template_in_a_share_of_the_documents_is_found_wherever_it_stands():
    found = find_boilerplate(documents())
    assert len(found.hashes) == 2
    assert recurring(found, documents()[0].text) == [HEADER, FOOTER]
    assert recurring(found, f"Something else. {FOOTER} And more.\r\n{HEADER}\r\n") == [
        FOOTER,
        HEADER,
    ]
    assert recurring(found, documents()[60].text) == []


@pytest.mark.parametrize(("templated", "recurs"), [(9, False), (10, True)])
def test_less_than_ten_documents_are_no_template(templated, recurs):
    assert bool(find_boilerplate(documents(20, templated)).hashes) == recurs


@pytest.mark.parametrize(("templated", "recurs"), [(19, False), (20, True)])
def test_less_than_two_percent_are_no_template(templated, recurs):
    assert bool(find_boilerplate(documents(1000, templated)).hashes) == recurs


def test_copies_of_a_document_are_no_template():
    assert find_boilerplate(documents(30, 0) * 20).hashes == frozenset()


def test_a_long_document_that_repeats_itself_counts_once():
    refrain = Document("song", "All of the traveller's friends came back.\n" * 100)
    assert find_boilerplate([refrain, *documents(30, 0)]).hashes == frozenset()


def test_the_result_depends_neither_on_the_order_nor_on_what_is_sampled_first(monkeypatch):
    monkeypatch.setattr(boilerplate, "SAMPLED", 60)
    some = documents(300, 90)
    found = find_boilerplate(some)
    assert found.n_documents == 60
    assert recurring(found, some[0].text) == [HEADER, FOOTER]
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(len(some))
        assert find_boilerplate([some[i] for i in order]) == found


def test_memory_does_not_grow_with_the_corpus(monkeypatch):
    counted: list[int] = []

    def count(items):
        counted.extend(items)
        return Counter(counted)

    monkeypatch.setattr(boilerplate, "SAMPLED", 10)
    monkeypatch.setattr(boilerplate, "Counter", count)
    find_boilerplate(documents(500, 0))
    assert len(counted) == 20


def test_sites_in_boilerplate_go_and_additions_stay():
    found = find_boilerplate(documents())
    text = f"{HEADER} The enormous storm."
    inside = Site("d", HEADER.index("task"), "task", ("task", "job"), "a")
    outside = Site("d", text.index("enormous"), "enormous", ("enormous", "vast"), "b")
    added = Site("d", len(text), "", ("x", "y"), "c")
    assert found.outside(Document("d", text), [inside, outside, added]) == [outside, added]
    assert Boilerplate(frozenset(), 0).outside(Document("d", text), [inside]) == [inside]


def test_examples_are_sentences_of_the_template():
    assert find_boilerplate(documents()).examples(documents()) == [HEADER, FOOTER]
