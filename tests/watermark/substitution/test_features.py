import pytest

from tests.support.targets import target_of
from watermark.substitution.features import TargetSenses, context_of, sense_shares


def shares(resources, text):
    target = target_of(resources, text, "bank")
    found = sense_shares(resources.wordnet, target.word, context_of(target.word, target.sentence))
    assert sum(share for _, share in found) == pytest.approx(1)
    return {sense.name: share for sense, share in found}


def test_the_sentence_decides_between_senses(resources):
    money = "depository_financial_institution.n.01"
    lending = shares(resources, "The bank accepts deposits and lends the money to customers.")
    river = shares(resources, "The canoe lay on the bank of the river near the water.")
    assert lending[money] > lending["bank.n.01"]
    assert river["bank.n.01"] > 0.9


def features(resources, text, target, lemma, surface=None):
    senses = TargetSenses(resources.wordnet, target_of(resources, text, target))
    return senses.features(lemma, surface or lemma)


def test_a_synonym_shares_a_sense_and_a_broader_word_says_less(resources):
    text = "She bought a large car."
    purchased = features(resources, text, "bought", "purchase", "purchased")
    assert purchased["same"] > 0.9
    assert purchased["broader"] == 0
    acquired = features(resources, text, "bought", "acquire", "acquired")
    assert acquired["same"] == 0
    assert acquired["broader"] > 0.9
    assert 0 < acquired["near"] < purchased["fit"] == purchased["near"]


def test_a_word_that_wordnet_does_not_link_has_no_share_and_no_rank(resources):
    found = features(resources, "She bought a large car.", "bought", "sing", "sang")
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
def test_a_verb_must_take_what_stands_behind_it(resources, text, target, lemma, other):
    assert features(resources, text, target, lemma)["other_frame"] == other


def test_a_register_is_named(resources):
    senses = TargetSenses(resources.wordnet, target_of(resources, "That is a crazy plan.", "crazy"))
    assert senses.register("dotty") == "colloquialism"
    assert senses.register("insane") == ""


def test_a_use_that_the_definition_calls_informal_is_named(resources):
    senses = TargetSenses(resources.wordnet, target_of(resources, "It was very cold.", "very"))
    assert senses.register("real") == "colloquialism"


def test_an_adjective_does_not_give_way_to_an_action(resources):
    happy = TargetSenses(resources.wordnet, target_of(resources, "She was happy.", "happy"))
    assert happy.names_action("laughing")
    text = "The result was astonishing."
    result = TargetSenses(resources.wordnet, target_of(resources, text, "astonishing"))
    assert not result.names_action("astounding")


def test_a_broader_word_says_less(resources):
    bought = TargetSenses(resources.wordnet, target_of(resources, "She bought a car.", "bought"))
    assert bought.says_less("acquire")
    assert not bought.says_less("purchase")
