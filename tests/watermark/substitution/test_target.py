import pytest

from tests.support.targets import target_of
from watermark.substitution.target import LEFT_CHARACTERS, REACH, RIGHT_CHARACTERS


def test_an_article_is_mended_only_if_the_sound_changes(resources):
    text = "He saw a large house there."
    target = target_of(resources, text, "large")
    assert target.replacement("enormous") == (text.index("a large"), "an enormous")
    assert target.replacement("huge") == (text.index("large"), "huge")
    target = target_of(resources, "He saw the large house there.", "large")
    assert target.replacement("enormous")[1] == "enormous"


@pytest.mark.parametrize(
    ("text", "target", "surface", "written"),
    [
        ("A large house stood there.", "large", "enormous", "An enormous"),
        ("It was AN ODD HOUSE.", "ODD", "STRANGE", "A STRANGE"),
        ("It was an odd house.", "odd", "strange", "a strange"),
    ],
)
def test_a_mended_article_keeps_its_case(resources, text, target, surface, written):
    assert target_of(resources, text, target).replacement(surface)[1] == written


def test_a_model_reads_the_sentence_with_the_other_word_in_its_place(resources):
    text = "It rained. He saw a large house there. It was old."
    target = target_of(resources, text, "large")
    sentence = target.sentence_with("enormous")
    assert sentence.text == "He saw an enormous house there."
    assert sentence.text[sentence.start : sentence.end] == "enormous"
    context = target.context_with("enormous")
    assert context.text == "It rained. He saw an enormous house there."
    assert context.text[context.start : context.end] == "enormous"


def test_what_a_model_reads_is_bounded(resources):
    text = "and ".join(["the old dog slept "] * 300) + "near a large house " + "of wood " * 300
    target = target_of(resources, text, "large")
    assert len(target.context_with("large").text) <= REACH + len("large") + RIGHT_CHARACTERS
    assert len(target.sentence_with("large").text) <= 2 * REACH + len("large")
    assert LEFT_CHARACTERS < REACH
