import math

import numpy as np
import pytest

from tests.watermark.places import spot_of
from watermark.acceptance import Acceptance, load_acceptance
from watermark.fit import FitSettings
from watermark.model_features import Encoding, Likelihood, Models, model_features
from watermark.sources.wordnet import ModelledWordNetSource, WordNetSource, describe

TEXT = "The committee purchased a large building near the old harbour."
FAST = load_acceptance("fast")


def offered(analyst, text, target, **settings):
    source = WordNetSource(analyst.wordnet, FAST)
    (found,) = source.candidates([spot_of(analyst, text, target)], FitSettings(**settings))
    return {c.lemma: c for c in found}


def test_the_score_is_the_chance_of_acceptance(analyst):
    spot = spot_of(analyst, TEXT, "building")
    found = offered(analyst, TEXT, "building", min_fit=0.0)
    for described in describe(analyst.wordnet, spot, FitSettings()):
        if not described.candidate.rejected:
            chance = FAST.chance(described.features)
            assert found[described.candidate.lemma].score == pytest.approx(chance, abs=1e-6)
    assert found["edifice"].score > found["structure"].score


def test_a_river_bank_is_no_depository(analyst):
    found = offered(analyst, "They sat on the grassy bank of the river.", "bank")
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
def test_words_that_no_reader_wants_have_their_reason(analyst, text, target, lemma, reason):
    found = offered(analyst, text, target, min_fit=0.0)
    assert found[lemma].rejected == reason


class Likes:
    """An encoder and a language model that like one word and no other."""

    def __init__(self, word):
        self.word = word
        self.read_texts: list[str] = []

    def encode(self, passages):
        near, far = np.array([1.0, 0.0], np.float32), np.array([0.0, 1.0], np.float32)
        return [
            Encoding(*[near if p.text[p.start : p.end] in (self.word, "building") else far] * 2)
            for p in passages
        ]

    def read(self, passages):
        self.read_texts += [p.text for p in passages]
        liked = [p.text[p.start : p.end] == self.word for p in passages]
        return [Likelihood(-1.0, -2.0) if like else Likelihood(-9.0, -8.0) for like in liked]


def test_models_have_their_say(analyst):
    spot = spot_of(analyst, TEXT, "building")
    for liked in ("edifice", "construction"):
        likes = Likes(liked)
        source = ModelledWordNetSource(
            analyst.wordnet, load_acceptance("best"), Models(likes, likes), FAST
        )
        (found,) = source.candidates([spot], FitSettings(min_fit=0.0))
        best = max((c for c in found if not c.rejected), key=lambda c: c.score)
        assert best.lemma == liked
        assert len(likes.read_texts) == len(set(likes.read_texts)) <= 7


def test_only_the_most_promising_words_are_shown_to_the_models(analyst):
    likes = Likes("edifice")
    source = ModelledWordNetSource(
        analyst.wordnet, load_acceptance("best"), Models(likes, likes), FAST, most_read=1
    )
    spots = [spot_of(analyst, TEXT, "building"), spot_of(analyst, TEXT, "large")]
    found = source.candidates(spots, FitSettings(min_fit=0.0))
    assert [sum(not c.rejected for c in some) for some in found] == [1, 1]
    assert len(likes.read_texts) == 4
    reasons = {c.rejected for some in found for c in some}
    assert "not among the 1 best without models" in reasons


def test_model_features_are_differences_to_the_original(analyst):
    spot = spot_of(analyst, TEXT, "building")
    (edifice,) = [
        d.candidate
        for d in describe(analyst.wordnet, spot, FitSettings())
        if d.candidate.lemma == "edifice"
    ]
    likes = Likes("edifice")
    ((found,),) = model_features(Models(likes, likes), [spot], [[edifice]])
    assert found["left_gain"] == pytest.approx(-1 - -9)
    assert found["right_gain"] == pytest.approx(-2 - -8)
    assert found["sentence_similarity"] == found["word_similarity"] == 1
    assert found["gain_beyond_rarity"] > found["left_gain"]


def test_a_regression_on_one_feature_orders_by_it(analyst):
    source = WordNetSource(analyst.wordnet, Acceptance({"bits": 1.0}, -15.0, 0.5, 0.5))
    (found,) = source.candidates([spot_of(analyst, TEXT, "building")], FitSettings(min_fit=0.0))
    for c in found:
        if not c.rejected:
            assert c.score == pytest.approx(1 / (1 + math.exp(15 - c.rarity_bits)), abs=1e-5)
