import pytest

from tests.support.variants import check_both_ways, variants_of


def test_examples_follow_either():
    text = "They sell to countries such as Spain and Italy every year."
    check_both_ways("such_as", text, "such as", "like")


@pytest.mark.parametrize(
    "text",
    [
        "They export goods, such as cars and furniture.",
        "They dress like kings and queens.",
        "They need workers like him.",
        "They export goods such as the law allows.",
    ],
)
def test_likeness_and_other_clauses_stay(text):
    assert variants_of("such_as", text) == []
