import pytest

from tests.support.variants import check_both_ways, variants_of


def test_two_bare_plurals_change_places():
    text = "The road was full of cars and bicycles."
    check_both_ways("equals", text, "cars and bicycles", "bicycles and cars")


@pytest.mark.parametrize(
    "text",
    [
        "They welcomed the ladies and gentlemen.",
        "They sell old books and papers.",  # "old" may say something of both
        "They sell books and papers from Spain.",
        "They sell books, papers and pens.",
        "The cars and bicycles cost 3,000 and 300 dollars respectively.",
        "They met Smiths and Joneses.",
    ],
)
def test_set_phrases_and_unequals_stay(text):
    assert variants_of("equals", text) == []
