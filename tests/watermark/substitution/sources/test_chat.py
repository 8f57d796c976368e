import pytest

from tests.support.targets import target_of
from watermark.substitution.candidates import CandidateSettings
from watermark.substitution.sources.chat import ProposedSource, read_answer

TEXT = "The committee purchased a large building near the old harbour."


def candidates(resources, answer, target="building"):
    asked = []

    def ask(questions):
        asked.extend(questions)
        return [answer] * len(questions)

    (found,) = ProposedSource(ask).candidates(
        [target_of(resources, TEXT, target)], CandidateSettings()
    )
    return found, asked


def test_the_model_sees_the_place_and_its_order_is_kept(resources):
    found, asked = candidates(resources, "edifice, house, mansion, premises")
    assert asked == [TEXT.replace("building", "*building*")]
    kept = [(c.surface, c.score, c.source) for c in found if not c.rejected]
    assert kept[:2] == [("edifice", 1.0, "llm"), ("mansion", 0.5, "llm")]
    assert {c.lemma: c.rejected for c in found if c.rejected}["house"] == (
        "not rarer than the original"
    )


def test_forms_are_put_right(resources):
    found, _ = candidates(resources, "acquiring", "purchased")
    assert [c.surface for c in found] == ["acquired"]


@pytest.mark.parametrize("answer", [None, "", "none", "None.", "I am sorry, I cannot do that."])
def test_without_an_answer_there_are_no_candidates(resources, answer):
    assert candidates(resources, answer)[0] == []


def test_the_same_place_is_asked_once(resources):
    asked = []

    def ask(questions):
        asked.extend(questions)
        return ["edifice"] * len(questions)

    target = target_of(resources, TEXT, "building")
    one, other = ProposedSource(ask).candidates([target, target], CandidateSettings())
    assert one == other
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("1. Edifice\n2. mansion", ["edifice", "mansion"]),
        ("- **edifice**\n* mansion;hall.", ["edifice", "mansion", "hall"]),
        ("tower block, edifice", ["edifice"]),
    ],
)
def test_lists_are_read_whatever_their_form(answer, words):
    assert read_answer(answer) == words
