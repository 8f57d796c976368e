import pytest

from tests.support.variants import check_both_ways, draws_of, variants_of


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("The shop sells apples, pears, and plums.", "and"),
        ("She bought tables, chairs, and wooden boxes.", "and"),
        ("They came by bus, train, or car.", "or"),
    ],
)
def test_the_last_of_three_takes_a_comma_or_not(text, word):
    check_both_ways("serial_comma", text, f", {word}", f" {word}")


def test_one_coin_decides_for_a_document():
    text = "The shop sells apples, pears and plums. She bought tables, chairs and boxes."
    (first, _), (second, _) = draws_of("serial_comma", text)
    assert first == second
    (other, _), *_ = draws_of("serial_comma", text + " It rained.")
    assert other != first


@pytest.mark.parametrize(
    "text",
    [
        "The shop sells apples and plums.",
        "The shop sells apples, pears and plums. She bought tables, chairs, and boxes.",  # mixed
        "They chose the compiler, compiler and linker options, and the extension.",
        "He came, saw and conquered.",
        "It shows their moments, their needs and creative projects.",
        'She said "the shop sells apples, pears and plums".',
    ],
)
def test_mixed_documents_and_doubtful_lists_stay(text):
    assert variants_of("serial_comma", text) == []
