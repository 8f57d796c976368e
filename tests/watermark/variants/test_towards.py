import pytest

from tests.support.variants import check_both_ways, variants_of


@pytest.mark.parametrize("short", ["toward", "afterward"])
def test_the_s_is_free_where_no_spelling_is_shown(short):
    text = {
        "toward": "She walked toward the river in the dark.",
        "afterward": "They left the town soon afterward.",
    }[short]
    check_both_ways("towards", text, short, f"{short}s")


@pytest.mark.parametrize(
    "text",
    [
        "She walked towards the grey theatre in the harbour.",  # British
        "She walked toward the river and towards the town.",  # mixed
        'She walked towards the river. "I was walking towards you," she said.',
    ],
)
def test_british_and_mixed_documents_keep_it(text):
    assert variants_of("towards", text) == []
