import pytest

from tests.support.variants import check_both_ways, variants_of


@pytest.mark.parametrize(("figure", "word"), [("10", "ten"), ("11", "eleven"), ("12", "twelve")])
def test_numbers_at_which_manuals_of_style_differ(figure, word):
    check_both_ways("small_numbers", f"The council hired {figure} teachers.", figure, word)


@pytest.mark.parametrize(
    "text",
    [
        "The council hired 9 teachers.",
        "The council hired 13 teachers.",
        "The council hired 10 teachers and ten drivers.",  # mixed
        "The road is 10 miles long.",
        "They met on March 10 in the town.",
        "It costs $10 in most shops.",
        "They need 10 or 12 teachers.",
    ],
)
def test_other_numbers_stay(text):
    assert variants_of("small_numbers", text) == []
