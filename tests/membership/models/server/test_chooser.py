import json
import math
import re

import pytest

from membership.choices.answers import Answers
from membership.choices.cache import CachedChooser
from membership.choices.question import Question
from membership.models.server import chooser as choices
from membership.models.server.address import Address
from membership.models.server.chooser import constraint, next_word_shares
from membership.models.server.http import RequestPolicy
from membership.models.server.open_chooser import open_chooser
from tests.support.fake_choices import FakeChoices, serve_choices
from watermark.errors import ModelError

QUESTIONS = [
    Question(f"In the year {1900 + i} they had to ", " the house.", ("buy", "purchase"))
    for i in range(6)
]


def first_allowed(shown, allowed):
    return allowed[0] if allowed else "I would say: buy"


def connect(fake, api="chat"):
    policy = RequestPolicy(sleep=lambda seconds: None, connections=2)
    return open_chooser(Address(api, fake.url, "tiny"), QUESTIONS, policy=policy)


def ask(chooser, n=1, questions=QUESTIONS):
    found = dict(chooser.choose(questions, n, 0))
    return [found[i] for i in range(len(questions))]


@pytest.mark.parametrize("form", ["structured_outputs", "guided_choice", "json_schema", "grammar"])
@pytest.mark.parametrize("strict", [False, True])
def test_a_probe_finds_the_constraint_that_the_server_obeys(form, strict):
    with serve_choices(FakeChoices(form, first_allowed, strict=strict)) as fake:
        chooser = connect(fake)
        assert chooser.form == form
        assert [a.counts for a in ask(chooser)] == [(1.0, 0.0)] * 6


@pytest.mark.parametrize("form", ["structured_outputs", "guided_choice", "grammar"])
def test_completions_are_constrained_too(form):
    with serve_choices(FakeChoices(form, first_allowed)) as fake:
        chooser = connect(fake, "text")
        assert chooser.form == form
        assert [a.counts for a in ask(chooser)] == [(1.0, 0.0)] * 6


def test_a_server_that_obeys_nothing_is_asked_all_the_same():
    with serve_choices(FakeChoices("none", first_allowed)) as fake:
        chooser = connect(fake)
        assert chooser.form == "unconstrained"
        assert [a.counts for a in ask(chooser)] == [(1.0, 0.0)] * 6


def test_a_model_that_repeats_the_list_is_not_taken_for_an_obedient_one():
    """The prompt never lists the made-up words, so only a constraint can bring them about."""

    def last_listed(shown, allowed):
        return shown.split("- ")[-1]

    with serve_choices(FakeChoices("none", last_listed)) as fake:
        assert connect(fake).form == "unconstrained"


ODD = ["", "both", "BUY.", "sell", "buy or purchase", "REFUSAL", "I can't help with that", "'buy'"]


def test_odd_answers_are_each_counted_once():
    said = iter(ODD)

    def odd(shown, allowed):
        return next(said)

    with serve_choices(FakeChoices("none", lambda shown, allowed: "x")) as fake:
        chooser = connect(fake)
        fake.answer = odd
        (answers,) = ask(chooser, n=len(ODD), questions=QUESTIONS[:1])
    assert answers.counts == (2.0, 0.0)
    assert (answers.other, answers.refused) == (5, 1)
    assert answers.n_asked == len(ODD)


def test_rate_limits_are_waited_out():
    with serve_choices(FakeChoices("none", first_allowed)) as fake:
        chooser = connect(fake)
        fake.faults.extend(["", "429", "503", "", "429"])
        assert [a.counts for a in ask(chooser)] == [(1.0, 0.0)] * 6


def test_a_server_that_becomes_another_model_is_noticed(monkeypatch):
    monkeypatch.setattr(choices, "CALLS_BETWEEN_CHECKS", 2)
    with serve_choices(FakeChoices("none", first_allowed)) as fake:
        chooser = connect(fake)
        answers = chooser.choose(QUESTIONS, 1, 0)
        next(answers)
        fake.greedy = "another model"
        with pytest.raises(ModelError, match="the model behind the server has changed"):
            list(answers)


def test_a_server_that_refuses_everything_is_not_asked_for_ever():
    with serve_choices(FakeChoices("none", lambda shown, allowed: "REFUSAL")) as fake:
        with pytest.raises(ModelError, match="refuses every question"):
            list(connect(fake).choose(QUESTIONS * 10, 1, 0))
        assert len(fake.requests) < 60


def test_a_reply_without_an_answer_is_one_message():
    with serve_choices(FakeChoices("none", first_allowed)) as fake:
        chooser = connect(fake)
        fake.empty = True
        with pytest.raises(ModelError, match="the reply has no"):
            ask(chooser)


def test_answers_are_kept_as_they_come_and_a_cut_run_goes_on(tmp_path):
    with serve_choices(FakeChoices("none", first_allowed)) as fake:
        chooser = connect(fake)
        cut = CachedChooser(chooser, tmp_path).choose(QUESTIONS, 2, 0)
        next(cut)
        next(cut)
        del cut
        with CachedChooser(chooser, tmp_path).path.open("a") as file:
            file.write('["half a li')  # killed while it wrote
        again = CachedChooser(chooser, tmp_path)
        known = again.n_known(QUESTIONS, 2, 0)
        assert known >= 2
        before = len(fake.requests)
        found = dict(again.choose(QUESTIONS, 2, 0))
        assert sorted(found) == list(range(6))
        asked = [body for body in fake.requests[before:] if body["temperature"]]
        assert len(asked) == 2 * (6 - known)
        before = len(fake.requests)
        assert dict(CachedChooser(chooser, tmp_path).choose(QUESTIONS, 2, 0)) == found
        assert len(fake.requests) == before


def test_nothing_of_the_text_is_in_the_cache(tmp_path):
    with serve_choices(FakeChoices("none", first_allowed)) as fake:
        cached = CachedChooser(connect(fake), tmp_path)
        list(cached.choose(QUESTIONS, 1, 0))
    assert not re.search("house|buy|year", cached.path.read_text())


def test_a_schema_allows_the_options_alone():
    schema = constraint("json_schema", ["a", 'b "c"'])["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["word"]["enum"] == ["a", 'b "c"']
    assert json.loads(json.dumps(schema)) == schema


def test_a_grammar_escapes_what_ends_a_string():
    assert constraint("grammar", ['say "hi"', "a\\b"])["grammar"] == (
        r'root ::= "say \"hi\"" | "a\\b"'
    )


@pytest.mark.parametrize(
    ("tokens", "shares"),
    [
        ({" buy": -1.0, " purchase": -2.0, " sell": -0.5}, [math.exp(-1), math.exp(-2)]),
        ({" b": -1.0, " pur": -2.0}, [math.exp(-1), math.exp(-2)]),
        ({" buy": -1.0, " b": -3.0, " purchase": -2.0},
         [math.exp(-1) + math.exp(-3), math.exp(-2)]),
        ({" buy": -1.0, " sell": -2.0}, None),
        ({" ": -0.1, " buy": -1.0}, None),
    ],
)  # fmt: skip
def test_the_next_token_speaks_for_the_option_that_it_begins(tokens, shares):
    found = next_word_shares(tokens, ("buy", "purchase"))
    assert found == (None if shares is None else pytest.approx(shares))


class Counting:
    """Answers every question with its first option, and counts what it is asked."""

    name = fingerprint = "counting"

    def __init__(self, way="test"):
        self.way, self.asked = way, list[Question]()

    def choose(self, questions, n, seed):
        for index, question in enumerate(questions):
            self.asked.append(question)
            yield index, Answers((n, 0))


@pytest.mark.parametrize(("n", "seed"), [(3, 0), (2, 1)])
def test_other_numbers_of_answers_and_other_seeds_are_asked_for(tmp_path, n, seed):
    list(CachedChooser(Counting(), tmp_path).choose(QUESTIONS, 2, 0))
    again = Counting()
    found = dict(CachedChooser(again, tmp_path).choose(QUESTIONS, n, seed))
    assert again.asked == QUESTIONS
    assert {answers.n_asked for answers in found.values()} == {n}


def test_a_model_that_is_made_to_choose_in_another_way_is_asked_again(tmp_path):
    one, other = Counting("json schema"), Counting("grammar")
    for chooser in (one, other):
        list(CachedChooser(chooser, tmp_path).choose(QUESTIONS, 2, 0))
    assert other.asked == QUESTIONS
