import pytest

from tests.support.variants import check_both_ways, variants_of


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ("The company said that it would close the plant.", "said"),
        ("Officials say that the bridge will reopen in May.", "say"),
        ("She believed that he had left the country.", "believed"),
        ("The report warned that there was little money left.", "warned"),
    ],
)
def test_that_is_kept_or_dropped_after_verbs_of_saying(text, without):
    if without != "warned":
        check_both_ways("that_clauses", text, f"{without} that", without)
    else:
        assert variants_of("that_clauses", text) == [("warned that", "warned")]


@pytest.mark.parametrize(
    "text",
    [
        "She believed that the man had lied to her.",  # "believed the man"
        "He said that Mr Smith was in the house.",  # "said Mr Smith"
        "He said that on Monday the shop would close.",
        "He said that it was late and that they should go.",
        "He said that.",
        "He said this was the last time.",
        "It was, he said, the last time they met.",
        "As he said, they were late for the meeting.",
        'He said "they were late for the meeting".',
        "The man who she said was late has arrived.",
    ],
)
def test_other_clauses_stay(text):
    assert variants_of("that_clauses", text) == []
