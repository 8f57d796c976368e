import pytest

from tests.watermark.places import spot_of
from watermark.features import SpotSenses, context_of, sense_shares


def shares(analyst, text):
    spot = spot_of(analyst, text, "bank")
    found = sense_shares(analyst.wordnet, spot.word, context_of(spot.word, spot.sentence))
    assert sum(share for _, share in found) == pytest.approx(1)
    return {sense.name: share for sense, share in found}


def test_the_sentence_decides_between_senses(analyst):
    money = "depository_financial_institution.n.01"
    lending = shares(analyst, "The bank accepts deposits and lends the money to customers.")
    river = shares(analyst, "The canoe lay on the bank of the river near the water.")
    assert lending[money] > lending["bank.n.01"]
    assert river["bank.n.01"] > 0.9


def features(analyst, text, target, lemma, surface=None):
    senses = SpotSenses(analyst.wordnet, spot_of(analyst, text, target))
    return senses.features(lemma, surface or lemma)


def test_a_synonym_shares_a_sense_and_a_broader_word_says_less(analyst):
    text = "She bought a large car."
    purchased = features(analyst, text, "bought", "purchase", "purchased")
    assert purchased["same"] > 0.9
    assert purchased["broader"] == 0
    acquired = features(analyst, text, "bought", "acquire", "acquired")
    assert acquired["same"] == 0
    assert acquired["broader"] > 0.9
    assert 0 < acquired["near"] < purchased["fit"] == purchased["near"]


def test_a_word_that_wordnet_does_not_link_has_no_share_and_no_rank(analyst):
    found = features(analyst, "She bought a large car.", "bought", "sing", "sang")
    assert [found[n] for n in ("same", "similar", "broader", "fit", "rank")] == [0] * 5


@pytest.mark.parametrize(
    ("text", "target", "lemma", "other"),
    [
        ("She said that the house was old.", "said", "state", False),
        ("She said that the house was old.", "said", "utter", True),
        ("He ate the apple.", "ate", "feed", True),  # one feeds on it
        ("He died.", "died", "perish", False),
        ("He died.", "died", "endure", True),
    ],
)
def test_a_verb_must_take_what_stands_behind_it(analyst, text, target, lemma, other):
    assert features(analyst, text, target, lemma)["other_frame"] == other


def test_a_register_is_named(analyst):
    senses = SpotSenses(analyst.wordnet, spot_of(analyst, "That is a crazy plan.", "crazy"))
    assert senses.register("dotty") == "colloquialism"
    assert senses.register("insane") == ""
