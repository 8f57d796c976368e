from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from membership.audit.word_challenge import (
    credibility_in_words,
    make_word_challenge,
    site_answers,
)
from membership.choices.answers import Answers
from watermark.document import Document, Site
from watermark.errors import PrerequisiteError
from watermark.keys import Key

KEY = Key(bytes(range(32)))
WORDS = (
    "the", "river", "carried", "heavy", "stones", "beyond", "ancient", "bridges", "while", "silent",
    "farmers", "watched",
)  # fmt: skip


def corpus(n=30) -> Any:
    found = []
    for i in range(n):
        words = [WORDS[(i + j) % len(WORDS)] for j in range(12)]
        text = " ".join(words)
        start = text.index(words[5])
        site = Site(f"d{i}", start, words[5], (words[5], "another"), f"w{i % 9}")
        found.append((Document(f"d{i}", text), (site,)))
    return SimpleNamespace(readable=lambda: iter(found), language="en")


def answers_by(challenge, choose):
    found = []
    for question, source in zip(challenge.questions, challenge.sources, strict=True):
        at = choose(question, challenge.places[source])
        found.append(Answers(tuple(float(i == at) for i in range(len(question.options)))))
    return found


def honest(question, place):
    return question.options.index(place.site.original)


def test_the_same_name_is_the_same_challenge():
    one = make_word_challenge(corpus(), KEY, "name")
    assert one == make_word_challenge(corpus(), KEY, "name")
    assert one.questions != make_word_challenge(corpus(), KEY, "other").questions
    assert (one.n_sites, len(one.places)) == (30, 90)
    assert len(one.questions) == 90 + 40


def test_an_honest_model_is_credible_and_a_coin_is_not():
    made = make_word_challenge(corpus(), KEY, "name")
    found = credibility_in_words(made, answers_by(made, honest))
    assert (found.share_decoys, found.share_repeated, found.problems) == (1, 1, ())
    rng = np.random.default_rng(0)
    coin = credibility_in_words(made, answers_by(made, lambda q, p: rng.integers(len(q.options))))
    assert len(coin.problems) == 2
    first = credibility_in_words(made, answers_by(made, lambda q, p: 0))
    assert first.share_repeated == 1
    assert len(first.problems) == 1


def test_the_coins_that_repeats_must_beat_are_counted():
    made = make_word_challenge(corpus(), KEY, "name")
    found = credibility_in_words(made, answers_by(made, honest))
    assert found.least_repeated == pytest.approx(28 / 40)  # P(28 or more of 40 heads) = .008


def test_the_first_answer_to_a_site_counts():
    made = make_word_challenge(corpus(), KEY, "name")
    numbered = [Answers((float(i), 0.0)) for i in range(len(made.questions))]
    questions, found = site_answers(made, numbered)
    assert [q.site.document_id for q in questions] == [f"d{i}" for i in range(30)]
    assert found[3].counts[0] == made.sources.index(3)


def test_too_little_text_is_refused():
    with pytest.raises(PrerequisiteError, match="wanted 20 decoys"):
        make_word_challenge(corpus(4), KEY, "name")


def test_sites_decoys_and_repeats_come_in_random_order():
    made = make_word_challenge(corpus(), KEY, "name")
    half = made.sources[: len(made.sources) // 2]
    assert {source < made.n_sites for source in half} == {True, False}
    assert len(set(half)) < len(half)  # some question has come twice by then
    assert list(half) != sorted(half)
