import pytest

from watermark.substitution.kinds import kind_objection, use_share


@pytest.mark.parametrize(
    ("original", "pos", "lemma", "expected"),
    [
        ("hacker", "n", "golfer", "names people"),
        ("lawyer", "n", "attorney", "names people"),
        ("location", "n", "object", "says next to nothing"),
        ("hand", "n", "mitt", "names a part of the body"),
        ("complaint", "n", "ailment", "names a disease"),
        ("court", "n", "tribunal", "names an organ of state"),
        ("gun", "n", "rifle", ""),
        ("weapon", "n", "arm", ""),  # an arm is a part of the body, but not in the sense they share
        ("buy", "v", "purchase", ""),
        ("car", "n", "automobile", ""),
    ],
)
def test_a_term_is_not_exchanged(resources, original, pos, lemma, expected):
    assert kind_objection(resources.wordnet, original, pos, lemma) == expected


def test_the_share_of_use_is_of_all_senses(resources):
    assert use_share(resources.wordnet, "golfer", "noun.person") == 1
    assert use_share(resources.wordnet, "chair", "noun.person") < 0.5
