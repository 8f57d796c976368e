import pytest

from tests.support.variants import check_both_ways, variants_of

BRITISH = " The colour of the theatre was grey."


@pytest.mark.parametrize(
    ("text", "short", "long"),
    [
        ("She read the paper while he was asleep.", "while", "whilst"),
        ("The house stood among the trees.", "among", "amongst"),
    ],
)
def test_british_documents_write_either(text, short, long):
    check_both_ways("whilst", text + BRITISH, short, long)


@pytest.mark.parametrize(
    "text",
    [
        "She read the paper while he was asleep.",
        f"She read the paper for a while.{BRITISH}",
        f"It was worth her while to come.{BRITISH}",
    ],
)
def test_other_documents_and_the_noun_stay(text):
    assert variants_of("whilst", text) == []
