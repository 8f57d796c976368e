import pytest

from tests.support.variants import check_both_ways, draws_of, variants_of


def test_the_sign_and_the_word_stand_for_each_other():
    check_both_ways("percent", "Prices rose by 5% in the spring.", "%", " percent")


def test_british_documents_write_two_words():
    text = "Prices in the centre rose by 5% after the harbour opened."
    check_both_ways("percent", text, "%", " per cent")


def test_one_coin_decides_for_a_document():
    text = "Prices rose by 5% in the spring, and wages by 2.5% in the autumn."
    assert len(variants_of("percent", text)) == 2
    assert len({draw for draw, _ in draws_of("percent", text)}) == 1


@pytest.mark.parametrize(
    "text",
    [
        "Prices rose by 5% in the spring, and wages by 2 percent.",
        "Prices (up 5%) were a problem in the spring.",
        "The function replaces %s, and prices rose by 5% in the spring.",
        'Prices rose by 5% in the spring. "Wages rose by 2%," she said.',
        "A small percentage of the people came, five percent of them.",
        "A 5%-share of the company was sold in the spring.",
    ],
)
def test_mixed_documents_and_signs_of_other_use_stay(text):
    assert variants_of("percent", text) == []
