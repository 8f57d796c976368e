import pytest

from watermark.fit import (
    FitSettings,
    candidates,
    context_of,
    needs_article,
    phrase_barrier,
    sense_shares,
)
from watermark.rarity import rarity_bits
from watermark.words import read_sentences


def find(analyst, text, target):
    (sentences,) = read_sentences(analyst.nlp, [text])
    for sentence in sentences:
        for index, word in enumerate(sentence):
            if word.text == target:
                return sentence, index
    raise AssertionError(target)


def offered(analyst, text, target, **settings):
    sentence, index = find(analyst, text, target)
    found = candidates(analyst.wordnet, sentence[index], sentence, FitSettings(**settings))
    return {c.surface: c for c in found}


def test_a_river_bank_is_no_depository(analyst):
    found = offered(analyst, "They sat on the grassy bank of the river.", "bank")
    assert not [c for c in found.values() if not c.rejected]


def test_the_sentence_decides_between_senses(analyst):
    def shares(text):
        sentence, index = find(analyst, text, "bank")
        context = context_of(sentence[index], sentence)
        found = sense_shares(analyst.wordnet, sentence[index], context)
        return {sense.name: share for sense, share in found}

    money = "depository_financial_institution.n.01"
    lending = shares("The bank accepts deposits and lends the money to customers.")
    river = shares("The canoe lay on the bank of the river near the water.")
    assert lending[money] > lending["bank.n.01"]
    assert river["bank.n.01"] > 0.9


def test_candidates_have_the_form_and_case_of_the_original(analyst):
    found = offered(analyst, "She bought two old houses last year.", "bought")
    assert not found["purchased"].rejected
    found = offered(analyst, "Purchased goods are cheap. Bought goods are not.", "Bought")
    assert "Purchased" in found


def test_admissible_candidates_are_rarer_and_not_obscure(analyst):
    settings = FitSettings(min_fit=0.0)
    for text, target in [
        ("The large house stands on a hill.", "large"),
        ("They began the difficult work early.", "began"),
        ("The doctor examined the sick child.", "sick"),
    ]:
        found = offered(analyst, text, target, min_fit=0.0)
        for candidate in found.values():
            if not candidate.rejected:
                assert candidate.rarity_bits >= rarity_bits(target) + settings.min_rarer_bits
                assert candidate.rarity_bits <= settings.max_rarity_bits


def test_every_rejection_has_its_reason_and_the_best_come_first(analyst):
    sentence, index = find(analyst, "The large house stands on a hill.", "large")
    found = candidates(analyst.wordnet, sentence[index], sentence, FitSettings())
    kept = [c.fit for c in found if not c.rejected]
    assert kept == sorted(kept, reverse=True)
    assert {c.rejected for c in found if c.rejected} <= {
        "too rare",
        "does not fit the sense",
        "not rarer than the original",
        "not a plain word",
        "the same word",
        "has no form for JJ",
    }


def test_fixed_phrases_are_left_alone(analyst):
    sentence, index = find(analyst, "The meeting will take place in the large hall.", "place")
    assert phrase_barrier(analyst.wordnet, sentence, index) == "part of a fixed phrase"
    sentence, index = find(analyst, "The meeting will take place in the large hall.", "large")
    assert phrase_barrier(analyst.wordnet, sentence, index) == ""


def test_an_article_is_mended_only_if_the_sound_changes(analyst):
    sentence, index = find(analyst, "He saw a large house there.", "large")
    assert needs_article(sentence, index, "enormous")
    assert not needs_article(sentence, index, "huge")
    sentence, index = find(analyst, "He saw the large house there.", "large")
    assert not needs_article(sentence, index, "enormous")


@pytest.mark.parametrize("min_fit", [-0.1, 1.0, 3])
def test_a_threshold_that_would_leave_everything_as_it_was_is_an_error(min_fit):
    # the released LexiMark takes int(0.8) = 0 candidates and marks nothing, without a word
    with pytest.raises(ValueError, match="min_fit"):
        FitSettings(min_fit=min_fit)
