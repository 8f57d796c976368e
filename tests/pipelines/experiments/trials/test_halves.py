from itertools import islice

import numpy as np
import pytest

from pipelines.experiments.trials.halves import Arm, make_halves
from pipelines.loading import candidate_sources as sources
from pipelines.loading.embedded_text import paragraphs
from tests.pipelines.conftest import DENSE
from watermark.document import Document
from watermark.schemes.leximark import LexiMark

DOCUMENTS = [Document(f"t{i}", text) for i, text in enumerate(islice(paragraphs(), 24))]


@pytest.fixture
def make(tmp_path, monkeypatch, resources):
    monkeypatch.setattr(sources, "load_lexical_resources", lambda *_: resources)

    def run(name, arm, seed=0):
        return make_halves(tmp_path / name, DOCUMENTS, arm, seed)

    return run


def members(halves):
    pairs = zip(halves.corpus.originals, halves.corpus.published, strict=True)
    return {document.id for document, published in pairs if published}


def test_the_halves_of_a_seed_are_the_same_in_every_arm_and_others_in_another_seed(make):
    arms = {
        "none": Arm(None),
        "keyed": Arm(LexiMark()),
        "published": Arm(LexiMark(rule="published")),
        "apart": Arm(LexiMark(), codebooks=2),
    }
    found = {name: members(make(name, arm)) for name, arm in arms.items()}
    assert len(found["none"]) == 12
    assert all(half == found["none"] for half in found.values())
    assert members(make("seed 1", arms["keyed"], seed=1)) != found["none"]


def test_an_unmarked_arm_keeps_its_texts_and_has_no_sites(make):
    halves = make("none", Arm(None))
    assert halves.corpus.documents == halves.corpus.originals
    assert set(halves.members) < {document.text for document in DOCUMENTS}
    assert not any(halves.corpus.sites)


def test_members_are_trained_on_as_they_were_marked(make):
    halves = make("keyed", Arm(LexiMark()))
    originals = {document.text for document in DOCUMENTS}
    assert len(halves.members) == 12
    assert set(halves.members) - originals
    outsiders = np.flatnonzero(~halves.corpus.published)
    assert not any(halves.corpus.sites[i] for i in outsiders)
    assert any(halves.corpus.sites)


def test_two_codebooks_mark_the_outsiders_with_another_key(make):
    one, two = make("one", Arm(DENSE)), make("two", Arm(DENSE, codebooks=2))
    by_id = {d.id: d.text for d in one.corpus.documents}
    other = {d.id: d.text for d in two.corpus.documents}
    outside = {d.id for d in DOCUMENTS} - members(one)
    assert sum(by_id[i] != other[i] for i in outside) > len(outside) / 2
    assert np.count_nonzero(two.corpus.published) == 12
    assert len(two.corpus.documents) == 24


def test_marked_words_stand_where_they_are_said_to(make):
    halves = make("keyed", Arm(LexiMark()))
    texts = {document.id: document.text for document in halves.corpus.documents}
    rows = zip(halves.corpus.originals, halves.corpus.sites, strict=True)
    words = {d.id: {w for site in sites for w in site.candidates} for d, sites in rows}
    for name, spans in halves.marked_words.items():
        found = {texts[name][start:end] for start, end in spans}
        assert found <= words[name] or not words[name]  # outsiders show no sites
    assert len(halves.marked_words) > 12


def test_a_second_call_takes_up_what_is_there(make):
    assert make("keyed", Arm(LexiMark())).members == make("keyed", Arm(LexiMark())).members
