import pytest

from tests.support.variants import check_both_ways, variants_of


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("On Monday, the council approved the budget.", "the"),
        ("In 2015, they moved to a smaller office.", "they"),
        ("During the week, she works at the library.", "she"),
    ],
)
def test_a_short_phrase_of_time_takes_a_comma_or_not(text, word):
    check_both_ways("opening_comma", text, f", {word}", f" {word}")


@pytest.mark.parametrize(
    "text",
    [
        "By the time she went to the house, it was dark.",
        "On May 1, 2016, the council approved the budget.",
        "In 2015, prices rose again.",  # "2015 prices"
        "In his view, the council was right.",
        "On the day he left, the shop closed.",
        "On Monday, the council, as usual, approved the budget.",
    ],
)
def test_a_comma_that_is_needed_or_opens_a_pair_stays(text):
    assert variants_of("opening_comma", text) == []
