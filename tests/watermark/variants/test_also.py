import pytest

from tests.support.variants import check_both_ways, variants_of


def test_also_stands_before_or_behind_the_auxiliary():
    text = "She has also pledged to help the country."
    check_both_ways("also", text, "has also", "also has")


@pytest.mark.parametrize(
    "text",
    [
        "She also has a dog.",
        "You can also click the arrow.",
        "Has she also pledged to help?",
        "She has also pledged to paint the town centre in one colour.",  # British
    ],
)
def test_other_places_stay(text):
    assert variants_of("also", text) == []
