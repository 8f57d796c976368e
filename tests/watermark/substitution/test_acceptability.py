import math

import pytest

from tests.support.targets import target_of
from watermark.substitution.acceptability import AcceptabilityModel, load_acceptability
from watermark.substitution.features import TargetSenses


def test_the_chance_is_the_logistic_of_the_weighted_sum():
    # 0.5 * 2 - 1 * 1 + 1 = 1
    acceptance = AcceptabilityModel({"a": 0.5, "b": -1.0}, 1.0, 0.5, 0.5)
    probability = acceptance.probability({"a": 2.0, "b": 1.0, "unused": 9.0})
    assert probability == pytest.approx(1 / (1 + math.exp(-1)))


def test_a_chance_stays_a_chance_whatever_the_features():
    acceptance = AcceptabilityModel({"a": 1.0}, 0.0, 0.5, 0.5)
    assert 0 <= acceptance.probability({"a": -1e9}) < 1e-9
    assert 1 - 1e-9 < acceptance.probability({"a": 1e9}) <= 1


@pytest.mark.parametrize("quality", ["fast", "best"])
def test_the_shipped_weights_like_synonyms_and_ask_for_more_when_marking(quality):
    acceptance = load_acceptability(quality)
    assert 0 < acceptance.offer_threshold < acceptance.threshold < 1


def test_the_shipped_weights_are_of_features_that_there_are(resources):
    senses = TargetSenses(resources.wordnet, target_of(resources, "He bought a car.", "bought"))
    features = senses.features("purchase", "purchased")
    assert load_acceptability("fast").weights["near"] > 0
    assert load_acceptability("best").weights["fast"] > 0
    assert set(load_acceptability("fast").weights) == set(features)
    assert set(load_acceptability("best").weights) == {
        "fast",
        "sentence_similarity",
        "word_similarity",
        "lemma_similarity",
        "left_gain",
        "right_gain",
        "gain_beyond_rarity",
    }
