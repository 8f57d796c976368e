import dataclasses
from itertools import groupby

import numpy as np
import pytest

from membership.audit.corpus import AuditCorpus
from membership.audit.word_answers import (
    BATCH_DRAWS,
    ask,
    ask_within_budget,
    cost_of,
    questions_of,
)
from membership.choices.answers import Answers
from membership.choices.question import Window, asking_order
from watermark.document import Document, Site
from watermark.keys import Key

N = 400


@dataclasses.dataclass
class Leaning:
    """A suspect that leans to what a key has chosen, by as much as it is told."""

    key: Key
    lean: float
    draws: dict[str, str]
    calls: int = 0
    name: str = "leaning"
    fingerprint: str = "leaning"
    way: str = "test"

    def choose(self, questions, n, seed):
        for index, question in enumerate(questions):
            self.calls += n
            draw = self.draws[question.left]
            candidates = ("word", "term")
            chosen = question.options.index(candidates[self.key.draw(draw, 2)])
            rng = np.random.default_rng([seed, int(question.left.split()[0][1:])])
            count = int(rng.binomial(n, 0.5 + self.lean / 2))
            counts = [n - count, n - count]
            counts[chosen] = count
            yield index, Answers(tuple(counts))


@pytest.fixture(scope="module")
def corpus():
    documents, sites = [], []
    for i in range(N):
        documents.append(Document(str(i), f"x{i} one word more"))
        start = documents[-1].text.index("word")
        sites.append((Site(str(i), start, "word", ("word", "term"), f"draw {i}"),))
    return AuditCorpus(
        tuple(documents), np.ones(N, bool), tuple(documents), tuple(sites), ((0,),) * N
    )


def suspect(corpus, key, lean):
    questions = questions_of(corpus, Window())
    return Leaning(key, lean, {q.question.left: q.site.draw for q in questions})


KEY = Key(bytes(range(32)))


def test_what_it_will_cost_is_known_before_the_first_call(corpus):
    cost = cost_of(questions_of(corpus, Window()), 3)
    assert (cost.n_questions, cost.n_calls, cost.n_answer_tokens) == (N, 3 * N, 12 * N)


def test_every_question_is_asked_once(corpus):
    model = suspect(corpus, KEY, 0.0)
    asked = ask(corpus, model, {}, questions_of(corpus, Window()), n=2)
    assert model.calls == 2 * N
    assert len(asked.answers) == N == len(asked.table().draws)


def budgeted(corpus, model, **options):
    questions = questions_of(corpus, Window())
    return ask_within_budget(corpus, model, {}, questions, KEY, n=1, **options)


def test_asking_stops_at_evidence_before_the_budget_is_spent(corpus):
    found = budgeted(corpus, suspect(corpus, KEY, 0.9), budget=N, alpha=0.001)
    assert found.stopped == "evidence"
    assert found.n_calls < N
    assert found.state.pvalue <= 0.001


def test_asking_stops_when_the_budget_is_spent_and_goes_on_with_a_larger_one(corpus):
    model = suspect(corpus, KEY, 0.25)
    short = budgeted(corpus, model, budget=2 * BATCH_DRAWS, alpha=1e-9)
    assert (short.stopped, short.n_calls) == ("budget", 2 * BATCH_DRAWS)
    longer = budgeted(corpus, model, budget=10 * N, alpha=1e-9)
    assert longer.n_calls > short.n_calls
    assert longer.state.path[: 2 * BATCH_DRAWS] == short.state.path


def test_asking_stops_when_evidence_is_out_of_reach(corpus):
    found = budgeted(corpus, suspect(corpus, KEY, -0.9), budget=N, alpha=1e-30)
    assert found.stopped == "out of reach"
    assert found.n_calls < N


def test_an_innocent_suspect_is_found_no_more_often_than_alpha(corpus):
    rng = np.random.default_rng(8)
    found = sum(
        budgeted(corpus, suspect(corpus, Key(rng.bytes(32)), 0.6), budget=3 * BATCH_DRAWS,
                 alpha=0.1).stopped == "evidence"
        for _ in range(120)
    )  # fmt: skip
    assert found <= 23  # 12 expected at the level; P(> 23) < 0.001


def test_questions_of_one_draw_are_asked_together_in_the_public_order(corpus):
    shared = dataclasses.replace(
        corpus,
        sites=tuple(
            (dataclasses.replace(site, draw=f"draw {i % 7}"),)
            for i, (site,) in enumerate(corpus.sites)
        ),
    )
    questions = questions_of(shared, Window())
    runs = [draw for draw, _ in groupby(question.site.draw for question in questions)]
    assert runs == asking_order(questions)
    assert len(runs) == 7


def test_evidence_that_the_budget_cannot_reach_is_out_of_reach(corpus):
    # 64 more bets at the highest stake gain at most 64 log 1.9 = 41 nats; 336 would gain 216.
    model = suspect(corpus, KEY, 0.0)
    found = budgeted(corpus, model, budget=2 * BATCH_DRAWS, alpha=1e-30)
    assert (found.stopped, found.n_calls) == ("out of reach", BATCH_DRAWS)
