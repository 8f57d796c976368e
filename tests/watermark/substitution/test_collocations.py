import pytest

from tests.support.targets import target_of
from watermark.substitution.collocations import collocation_exclusion, is_abstract

LIGHT = "makes one expression with"


@pytest.mark.parametrize(
    ("text", "word", "expected"),
    [
        ("His jokes provided comic relief.", "provided", f"{LIGHT} 'relief'"),
        ("They provided three tables.", "provided", ""),
        ("She paid close attention to it.", "attention", f"{LIGHT} 'paid'"),
        ("They bought the idea.", "idea", ""),
        ("She kept her goals in mind.", "mind", "no article after a preposition: a set phrase"),
        ("It stayed in the mind.", "mind", ""),
        ("She wore religious attire.", "religious", "an adjective that makes a term of its noun"),
        ("The man was religious.", "religious", ""),
        ("She bought a large car.", "large", ""),
    ],
)
def test_what_english_keeps_together_stays(resources, text, word, expected):
    target = target_of(resources, text, word)
    found = collocation_exclusion(resources.wordnet, target.sentence, target.index)
    assert found == expected


def test_relief_is_abstract_and_a_table_is_not(resources):
    assert is_abstract(resources.wordnet, "attention")
    assert not is_abstract(resources.wordnet, "table")
