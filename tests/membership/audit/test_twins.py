import hashlib
from dataclasses import dataclass, replace

import numpy as np
import pytest
from scipy.stats import kstest

from membership.audit.audit import Settings, audit
from membership.audit.twins import twins_of
from membership.detectors import default_detectors
from membership.evidence.twin import twin_test
from membership.traces.trace import CandidateLogprobs
from tests.membership.audit.test_observations import ALL, Fake
from tests.support.traces import trace_of
from watermark.document import Document, Site, apply_choices
from watermark.errors import PrerequisiteError
from watermark.keys import Key
from watermark.vault.plan import Plan
from watermark.vault.tables import VaultDocument

WORDS = ("old", "big", "red", "warm", "new", "wet")
RARE = ("aged", "vast", "ruddy", "tepid", "novel", "moist")


def document(name, words):
    return Document(name, " and ".join(words))


def sites(text, draw):
    """A site for every word; `draw` names what decides it."""
    found, at = [], 0
    for word in text.text.split(" and "):
        rival = RARE[WORDS.index(word)]
        found.append(Site(text.id, at, word, (word, rival), draw(text.id, at, word)))
        at += len(word) + 5
    return tuple(found)


SCOPES = {
    "site": lambda name, at, word: f"{name}:{at}",
    "document": lambda name, at, word: name,
    "word": lambda name, at, word: word,
}
CORPUS = [document("a", WORDS[:4]), document("b", WORDS[3:]), document("c", ("big", "old"))]


def marked(text, some, key):
    return apply_choices(text, some, [key.draw(s.draw, len(s.candidates)) for s in some])


@pytest.mark.parametrize("scope", SCOPES)
def test_the_published_version_is_what_was_published_and_the_others_differ(scope, key):
    some = [sites(text, SCOPES[scope]) for text in CORPUS]
    found = {t.remarkings[0].id: t for t in twins_of(CORPUS, some, key, 3)}
    assert set(found) == ({"a", "b"} if scope == "word" else {"a", "b", "c"})
    for text, its in zip(CORPUS, some, strict=True):
        if text.id in found:
            twins = found[text.id]
            assert twins.remarkings[twins.published] == marked(text, its, key).document
            assert len({version.text for version in twins.remarkings}) > 1
    if scope == "document":
        assert [len(twins.remarkings) for twins in found.values()] == [2, 2, 2]


def test_draws_that_decide_several_documents_stay_as_they_were_published(key):
    some = [sites(text, SCOPES["word"]) for text in CORPUS]
    for twins in twins_of(CORPUS, some, key, 3):
        shared = {"a": (0, 1, 3), "b": (0,)}[twins.remarkings[0].id]
        published = twins.remarkings[twins.published].text.split(" and ")
        for version in twins.remarkings:
            words = version.text.split(" and ")
            assert [words[i] for i in shared] == [published[i] for i in shared]


def test_without_draws_of_its_own_a_document_has_no_versions(key):
    same = [document(name, WORDS) for name in "ab"]
    assert not list(twins_of(same, [sites(text, SCOPES["word"]) for text in same], key))


def test_the_other_versions_are_the_same_each_time_and_others_for_another_key(key):
    some = [sites(text, SCOPES["site"]) for text in CORPUS]
    assert list(twins_of(CORPUS, some, key)) == list(twins_of(CORPUS, some, key))
    other = list(twins_of(CORPUS, some, Key(bytes(32))))
    assert other != list(twins_of(CORPUS, some, key))


def test_names_decide_on_the_other_versions_and_ids_do_not(key):
    renamed = [replace(text, id=f"x{text.id}") for text in CORPUS]
    versions = []
    for corpus in (CORPUS, renamed):
        some = [sites(text, lambda _, at, word: f"{word}{at}") for text in corpus]
        found = twins_of(corpus, some, key, names=["x", "y", "z"])
        versions.append([[v.text for v in twins.remarkings] for twins in found])
    assert versions[0] == versions[1]
    assert len(versions[0]) == 3


@pytest.mark.parametrize("scope", ["word", "document"])
def test_over_fresh_keys_p_is_uniform_for_a_fixed_model(scope):
    # Words recur, so with scope `word` documents share draws; the model is any function of text.
    rng = np.random.default_rng(5)
    corpus = [
        document(str(i), [*rng.choice(WORDS, 2, replace=False), WORDS[i % 6]]) for i in range(14)
    ]
    draw = SCOPES[scope]
    if scope == "word":  # a word of every second document is its own
        draw = lambda name, at, word: word if int(name) % 2 or at else f"{word} {name}"  # noqa: E731
    some = [sites(text, draw) for text in corpus]
    pvalues: list[float] = []
    for _ in range(200):
        found = list(twins_of(corpus, some, Key(rng.bytes(32))))
        scores = [np.array([score(v) for v in twins.remarkings]) for twins in found]
        names = [twins.remarkings[0].id for twins in found]
        published = [twins.published for twins in found]
        result = twin_test(
            names, scores, published, detector="hash", alpha=0.1, n_resamples=499, seed=len(pvalues)
        )
        pvalues.append(result.pvalue)
    # Few documents, so p is coarse: it must not be small too often.
    assert kstest(pvalues, "uniform", alternative="greater").pvalue > 0.001
    assert np.mean(pvalues) == pytest.approx(0.5, abs=0.1)


def score(text):
    digest = hashlib.sha256(f"model{text.text}".encode()).digest()
    return int.from_bytes(digest[:4], "big") / 2**32


@dataclass
class FakeVault:
    """A vault in memory, of documents that are all published."""

    corpus: list[Document]
    sites: list[tuple[Site, ...]]
    key: Key
    test: str = "redraw"
    folder = "vault"

    @property
    def plan(self):
        return Plan(
            scheme={"rule": "keyed"}, test=self.test, detector="min_k_plus_plus",
            detector_with_reference="loss_minus_reference", alpha=0.01, references=(),
            holdout_share=0.0, corpus={}, key_commitment="", files={},
        )  # fmt: skip

    def marked(self):
        for text, some in zip(self.corpus, self.sites, strict=True):
            yield VaultDocument(text.id, text.text, "", "published"), marked(text, some, self.key)


class Knows(Fake):
    """A suspect to which texts that it knows are likelier."""

    known: frozenset[str] = frozenset()

    def trace(self, queries, known=()):
        for index, query in enumerate(queries):
            self.asked.append(query)
            trace = trace_of(np.full(4, -1.0 if query.text in self.known else -2.0), query.text)
            readings = tuple(CandidateLogprobs(np.zeros(len(p.candidates))) for p in query.slots)
            object.__setattr__(trace, "candidate_logprobs", readings)
            yield index, trace


def vault_and_model(key, abilities, test="redraw", n=24):
    rng = np.random.default_rng(0)
    corpus = [document(str(i), rng.choice(WORDS, 4, replace=False)) for i in range(n)]
    vault = FakeVault(corpus, [sites(text, SCOPES["document"]) for text in corpus], key, test)
    model = Knows("suspect", abilities)
    model.known = frozenset(m.document.text for _, m in vault.marked())
    return vault, model


FEWER = "number of re-draws: 99,999 by default, 999 used"


def run_audit(vault, model):
    return audit(vault, model, {}, default_detectors(), Settings(n_resamples=999)).verdict


def test_where_no_candidates_can_be_read_the_twin_test_takes_over(key):
    verdict = run_audit(*vault_and_model(key, frozenset({"logprobs"})))
    assert verdict.primary.test == "twin"
    assert verdict.is_evidence
    assert "gives no log-probabilities of candidates" in verdict.skipped["redraw"]
    assert verdict.departures == (
        "test: redraw planned, twin used",
        "detector: min_k_plus_plus planned, loss used",
        FEWER,
    )


def test_where_candidates_can_be_read_nothing_is_read_twice(key):
    vault, model = vault_and_model(key, ALL)
    verdict = run_audit(vault, model)
    assert verdict.primary.test == "redraw"
    assert all(result.test != "twin" for result in verdict.others)
    assert len(model.asked) <= 2 * 24


def test_a_plan_may_ask_for_the_twin_test(key):
    verdict = run_audit(*vault_and_model(key, ALL, "twin"))
    assert verdict.primary.test == "twin"
    assert [result.test for result in verdict.others] == ["redraw"]
    assert verdict.departures == (FEWER,)


def test_a_suspect_that_only_writes_is_told_what_every_test_lacks(key):
    vault, model = vault_and_model(key, frozenset({"text"}))
    with pytest.raises(PrerequisiteError, match="no test can be run") as caught:
        run_audit(vault, model)
    said = str(caught.value)
    assert "candidates" in said
    assert "twin test: min_k_plus_plus: needs logprobs, moments" in said
    assert "hold-out test: min_k_plus_plus: needs logprobs, moments" in said
