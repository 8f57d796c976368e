import pytest

from tests.watermark.places import spot_of
from watermark.spots import LEFT_CHARACTERS, REACH, RIGHT_CHARACTERS


def test_an_article_is_mended_only_if_the_sound_changes(analyst):
    text = "He saw a large house there."
    spot = spot_of(analyst, text, "large")
    assert spot.replacement("enormous") == (text.index("a large"), "an enormous")
    assert spot.replacement("huge") == (text.index("large"), "huge")
    spot = spot_of(analyst, "He saw the large house there.", "large")
    assert spot.replacement("enormous")[1] == "enormous"


@pytest.mark.parametrize(
    ("text", "target", "surface", "written"),
    [
        ("A large house stood there.", "large", "enormous", "An enormous"),
        ("It was AN ODD HOUSE.", "ODD", "STRANGE", "A STRANGE"),
        ("It was an odd house.", "odd", "strange", "a strange"),
    ],
)
def test_a_mended_article_keeps_its_case(analyst, text, target, surface, written):
    assert spot_of(analyst, text, target).replacement(surface)[1] == written


def test_a_model_reads_the_sentence_with_the_other_word_in_its_place(analyst):
    text = "It rained. He saw a large house there. It was old."
    spot = spot_of(analyst, text, "large")
    sentence = spot.sentence_with("enormous")
    assert sentence.text == "He saw an enormous house there."
    assert sentence.text[sentence.start : sentence.end] == "enormous"
    passage = spot.passage_with("enormous")
    assert passage.text == "It rained. He saw an enormous house there."
    assert passage.text[passage.start : passage.end] == "enormous"


def test_what_a_model_reads_is_bounded(analyst):
    text = "and ".join(["the old dog slept "] * 300) + "near a large house " + "of wood " * 300
    spot = spot_of(analyst, text, "large")
    assert len(spot.passage_with("large").text) <= REACH + len("large") + RIGHT_CHARACTERS
    assert len(spot.sentence_with("large").text) <= 2 * REACH + len("large")
    assert LEFT_CHARACTERS < REACH
