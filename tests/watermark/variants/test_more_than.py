import pytest

from tests.support.variants import check_both_ways, variants_of


@pytest.mark.parametrize(
    ("text", "long", "short"),
    [
        ("More than 300 houses were destroyed.", "More than", "Over"),
        ("More than 2,000 people attended the meeting.", "More than", "Over"),
    ],
)
def test_a_count_is_more_than_or_over(text, long, short):
    check_both_ways("more_than", text, long, short)


def test_over_that_may_be_a_preposition_stays():
    assert variants_of("more_than", "The storm destroyed more than 300 houses.") != []
    assert variants_of("more_than", "The storm destroyed over 300 houses.") == []


@pytest.mark.parametrize(
    "text",
    [
        "The work took more than 12 years.",  # over 12 years: in their course
        "They have not sold more than 300 houses.",
        "No more than 300 people may attend.",
        "He has more than two brothers.",
        "It costs more than $300.",
        "They won the game over 12 rivals.",
        "The plane flew over 300 houses in the town.",
        "The rate must fall more than 45 points below that of the year before.",
    ],
)
def test_periods_limits_and_small_numbers_stay(text):
    assert variants_of("more_than", text) == []
