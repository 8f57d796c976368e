from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from membership import scoring
from membership.audit.corpus import AuditCorpus
from membership.audit.observations import SiteLogprobs, observe
from membership.detectors import default_detectors
from membership.detectors.loss import Loss
from membership.detectors.min_k_plus_plus import MinKPlusPlus
from membership.detectors.reference import MinusReference
from membership.scoring import assemble_panel
from membership.traces.tokens import SPECIMEN
from membership.traces.trace import CandidateLogprobs, Query
from tests.support.traces import GOLDEN, trace_of
from watermark.document import Document, Site


@dataclass
class Fake:
    """A suspect that says what it was asked for; all texts are alike to it."""

    name: str
    abilities: frozenset[str]
    asked: list[Query] = field(default_factory=list)
    fingerprint = settings = "fake"
    ids: range | None = None
    """What it cuts every text into."""

    def trace(self, queries, known=()):
        for index, query in enumerate(queries):
            self.asked.append(query)
            trace = trace_of(GOLDEN, query.text, ids=self.ids)
            readings = tuple(CandidateLogprobs(np.zeros(len(p.candidates))) for p in query.slots)
            object.__setattr__(trace, "candidate_logprobs", readings)
            yield index, trace


SITE = Site("a", 4, "old", ("old", "aged"), "old.a:old|aged")
MATERIAL = AuditCorpus(
    documents=(Document("a", "the aged town"), Document("b", "the new town")),
    published=np.array([True, False]),
    originals=(Document("a", "the old town"), Document("b", "the new town")),
    sites=((SITE,), ()),
    choices=((1,), ()),
)
ALL = frozenset({"logprobs", "moments", "candidates"})


def run(suspect, **references):
    return observe(MATERIAL, assemble_panel(default_detectors(), suspect, references))


def test_a_model_that_gives_everything_serves_everything():
    suspect = Fake("suspect", ALL)
    found = run(suspect, base=Fake("base", ALL))
    assert set(found.scores) == set(default_detectors())
    assert not found.unable
    assert found.site_logprobs.suspect[0].reason == ""
    (_specimen, first, *_) = suspect.asked
    assert first == Query("the old town", tuple(p for q in suspect.asked for p in q.slots))


@dataclass
class FakeElsewhere(Fake):
    """A suspect that is told beforehand what it will be asked."""

    told: list[list[Query]] = field(default_factory=list)

    def read_ahead(self, lists):
        self.told += [list(queries) for queries in lists if queries]


def test_models_that_run_elsewhere_are_told_beforehand_all_that_they_are_asked():
    suspect, base, other = (FakeElsewhere(name, ALL) for name in ("suspect", "base", "other"))
    run(suspect, base=base, other=other)
    for model in (suspect, base, other):
        told = [query for queries in model.told for query in queries]
        assert [query for query in model.asked if query.text != SPECIMEN] == told
        assert told


def test_scoring_tells_all_texts_beforehand_in_the_lists_in_which_it_asks(monkeypatch):
    monkeypatch.setattr(scoring, "_DOCUMENTS_AT_ONCE", 2)
    documents = [Document(name, f"the {name} town") for name in ("old", "new", "aged")]
    suspect, base = (FakeElsewhere(name, ALL) for name in ("suspect", "base"))
    detectors = {"loss": Loss(), "difference": MinusReference(Loss())}
    assert len(list(scoring.score_documents(documents, detectors, suspect, base))) == 3
    for model in (suspect, base):
        assert [[q.text for q in queries] for queries in model.told] == [
            ["the old town", "the new town"],
            ["the aged town"],
        ]
        assert [query.text for query in model.asked] == [document.text for document in documents]


def test_a_detector_that_needs_more_is_not_run_and_says_what_is_missing():
    suspect = Fake("their-server", ALL - {"moments"})
    detectors = {detector.name: detector for detector in (Loss(), MinKPlusPlus())}
    found = observe(MATERIAL, assemble_panel(detectors, suspect, {}))
    assert set(found.scores) == {"loss"}
    assert (
        "needs moments, but their-server gives candidates, logprobs"
        in (found.unable["min_k_plus_plus"])
    )


@pytest.mark.parametrize("blind", ["their-server", "base"])
def test_candidates_are_read_only_if_every_model_can(blind):
    models = {
        name: Fake(name, ALL - {"candidates"} if name == blind else ALL)
        for name in ("their-server", "base")
    }
    found = run(models["their-server"], base=models["base"])
    assert not any(query.slots for model in models.values() for query in model.asked)
    table = found.site_logprobs.table()
    assert not table.draws
    assert any(blind in reason for reason in table.unusable)
    assert set(found.scores) == set(default_detectors())


def test_a_reference_must_serve_the_detector_as_well():
    found = run(Fake("suspect", ALL), base=Fake("base", frozenset({"logprobs", "candidates"})))
    assert "min_k_plus_plus" in found.scores
    assert "min_k_plus_plus_minus_reference" in found.unable
    assert "loss_minus_reference" in found.scores


def test_without_a_reference_what_compares_with_one_is_not_spoken_of():
    detectors = {detector.name: detector for detector in (Loss(), MinusReference(Loss()))}
    found = observe(MATERIAL, assemble_panel(detectors, Fake("suspect", ALL), {}))
    assert not found.unable
    assert set(found.scores) == {"loss"}


def test_a_reference_with_other_tokens_is_compared_per_byte():
    base, stranger = Fake("base", ALL), Fake("stranger", ALL, ids=range(1, len(GOLDEN) + 1))
    shared = run(Fake("suspect", ALL), base=base).scores["loss_minus_reference"]
    apart = run(Fake("suspect", ALL), base=stranger).scores["loss_minus_reference"]
    assert [score.value for score in shared] == [0.0, 0.0]
    assert [score.value for score in apart] == [0.0, 0.0]
    assert not any(score.reason for score in apart)


def test_rarity_is_looked_up_in_the_language_of_the_marks():
    found = observe(replace(MATERIAL, language="de"), assemble_panel({}, Fake("suspect", ALL), {}))
    assert found.site_logprobs.language == "de"


def test_a_table_of_some_documents_has_their_sites_alone():
    sites = (SITE, replace(SITE, document_id="b", draw="old.b:old|aged"))
    readings = tuple(CandidateLogprobs(np.array([-1.0, -2.0])) for _ in sites)
    found = SiteLogprobs(sites, readings, {"base": readings})
    assert found.table().document_ids == ("a", "b")
    assert found.table(documents={"b"}).document_ids == ("b",)
