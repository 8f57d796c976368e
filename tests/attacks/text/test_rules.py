import numpy as np
import pytest

from attacks.text.rules import Rules
from watermark.document import Document


@pytest.fixture
def rewrite(resources):
    attack = Rules(resources.nlp)

    def run(text):
        return attack.apply(Document("d", text), np.random.default_rng(0)).text

    return run


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("We sold apples and pears.", "We sold pears and apples."),
        ("They did not answer.", "They didn't answer."),
        ("They didn't answer.", "They did not answer."),
        ("She quickly left the room.", "She left the room."),
        ("The shop was shut, but he waited outside.", "The shop was shut. He waited outside."),
        ("It rained. The road was closed.", "It rained, and the road was closed."),
        ("Nothing here to do.", "Nothing here to do."),
        ("See `apples and pears`.", "See `apples and pears`."),
    ],
)
def test_each_rule_by_hand(rewrite, before, after):
    assert rewrite(before) == after


def test_long_neighbours_change_places_but_not_across_paragraphs(rewrite):
    one = "The first of the two sentences has to be longer than the rule for short ones allows."
    two = "The second comes from somewhere else."
    assert rewrite(f"{one} {two}") == f"{two} {one}"
    assert rewrite(f"{one}\n\n{two}") == f"{one}\n\n{two}"


def test_the_share_of_sentences_is_kept(resources):
    text = "They did not go. " * 300
    attack = Rules(resources.nlp, 0.25)
    after = attack.apply(Document("d", text), np.random.default_rng(1)).text
    assert 75 - 35 < after.count("didn't") < 75 + 35
    assert (
        Rules(resources.nlp, 0.0).apply(Document("d", text), np.random.default_rng(1)).text == text
    )


def test_a_text_without_a_sentence_stays():
    import spacy

    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    assert Rules(nlp).apply(Document("d", ""), np.random.default_rng(0)).text == ""
