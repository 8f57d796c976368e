import math

import numpy as np
import pytest

from tests.support.targets import target_of
from watermark.substitution.acceptability import AcceptabilityModel, load_acceptability
from watermark.substitution.candidates import CandidateSettings
from watermark.substitution.model_features import Encoding, Likelihood, Models, model_features
from watermark.substitution.sources.wordnet import ModelledWordNetSource, WordNetSource, describe

TEXT = "The committee purchased a large building near the old harbour."
FAST = load_acceptability("fast")


def offered(resources, text, target, **settings):
    source = WordNetSource(resources.wordnet, FAST)
    (found,) = source.candidates(
        [target_of(resources, text, target)], CandidateSettings(**settings)
    )
    return {c.lemma: c for c in found}


def test_the_score_is_the_chance_of_acceptance(resources):
    target = target_of(resources, TEXT, "building")
    found = offered(resources, TEXT, "building", min_fit=0.0)
    for described in describe(resources.wordnet, target, CandidateSettings()):
        if not described.candidate.rejected:
            probability = FAST.probability(described.features)
            assert found[described.candidate.lemma].score == pytest.approx(probability, abs=1e-6)
    assert found["edifice"].score > found["structure"].score


def test_a_river_bank_is_no_depository(resources):
    found = offered(resources, "They sat on the grassy bank of the river.", "bank")
    assert not [c for c in found.values() if not c.rejected]


@pytest.mark.parametrize(
    ("text", "target", "lemma", "reason"),
    [
        ("That was a crazy plan.", "crazy", "dotty", "register: colloquialism"),
        ("The person was old.", "person", "somebody", "a pronoun"),
        ("They talked to experts.", "experts", "mortal", "register: facetious"),
        ("For a moment he slept.", "moment", "mo", "shorter than 3 letters"),
        ("The travel was long.", "travel", "traveling", "another form or spelling of the word"),
    ],
)
def test_words_that_no_reader_wants_have_their_reason(resources, text, target, lemma, reason):
    found = offered(resources, text, target, min_fit=0.0)
    assert found[lemma].rejected == reason


class Likes:
    """An encoder and a language model that like one word and no other."""

    def __init__(self, word, original="building"):
        self.word, self.original = word, original
        self.read_texts: list[str] = []

    def encode(self, contexts):
        near, far = np.array([1.0, 0.0], np.float32), np.array([0.0, 1.0], np.float32)
        return [
            Encoding(*[near if p.text[p.start : p.end] in (self.word, self.original) else far] * 2)
            for p in contexts
        ]

    def read(self, contexts):
        self.read_texts += [p.text for p in contexts]
        liked = [p.text[p.start : p.end] == self.word for p in contexts]
        return [Likelihood(-1.0, -2.0) if like else Likelihood(-9.0, -8.0) for like in liked]


def test_models_have_their_say(resources):
    target = target_of(resources, "She gave a quick answer to him.", "quick")
    acceptance = AcceptabilityModel({"fast": 0.1, "word_similarity": 5.0}, 0.0, 0.5, 0.5)
    for liked in ("speedy", "agile"):
        likes = Likes(liked, "quick")
        source = ModelledWordNetSource(resources.wordnet, acceptance, Models(likes, likes), FAST)
        (found,) = source.candidates([target], CandidateSettings(min_fit=0.0))
        best = max((c for c in found if not c.rejected), key=lambda c: c.score)
        assert best.lemma == liked
        assert len(likes.read_texts) == len(set(likes.read_texts)) <= 7


def test_only_the_most_promising_words_are_shown_to_the_models(resources):
    likes = Likes("edifice")
    source = ModelledWordNetSource(
        resources.wordnet, load_acceptability("best"), Models(likes, likes), FAST, most_read=1
    )
    targets = [target_of(resources, TEXT, "building"), target_of(resources, TEXT, "large")]
    found = source.candidates(targets, CandidateSettings(min_fit=0.0))
    assert [sum(not c.rejected for c in some) for some in found] == [1, 1]
    assert len(likes.read_texts) == 4
    reasons = {c.rejected for some in found for c in some}
    assert "not among the 1 best without models" in reasons


def test_words_without_a_chance_by_the_cheap_features_are_not_shown_to_the_models(resources):
    likes = Likes("edifice")
    source = ModelledWordNetSource(
        resources.wordnet,
        load_acceptability("best"),
        Models(likes, likes),
        FAST,
        screen_share=1.5,
    )
    settings = CandidateSettings(min_fit=0.66)
    (found,) = source.candidates([target_of(resources, TEXT, "building")], settings)
    assert likes.read_texts == []
    assert {c.lemma: c.rejected for c in found}["edifice"] == "fit below 0.99 without models"


def test_model_features_are_differences_to_the_original(resources):
    target = target_of(resources, TEXT, "building")
    (edifice,) = [
        d.candidate
        for d in describe(resources.wordnet, target, CandidateSettings())
        if d.candidate.lemma == "edifice"
    ]
    likes = Likes("edifice")
    ((found,),) = model_features(Models(likes, likes), [target], [[edifice]])
    assert found["left_gain"] == pytest.approx(-1 - -9)
    assert found["right_gain"] == pytest.approx(-2 - -8)
    assert found["sentence_similarity"] == found["word_similarity"] == 1
    assert found["gain_beyond_rarity"] > found["left_gain"]


def test_a_regression_on_one_feature_orders_by_it(resources):
    source = WordNetSource(resources.wordnet, AcceptabilityModel({"bits": 1.0}, -15.0, 0.5, 0.5))
    (found,) = source.candidates(
        [target_of(resources, TEXT, "building")], CandidateSettings(min_fit=0.0)
    )
    for c in found:
        if not c.rejected:
            assert c.score == pytest.approx(1 / (1 + math.exp(15 - c.rarity_bits)), abs=1e-5)
