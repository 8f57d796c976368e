import pytest

from tests.support.variants import check_both_ways, variants_of

BRITISH = " The colour of the theatre was grey."


@pytest.mark.parametrize("word", ["resolution", "arrangement"])
def test_a_restrictive_clause_begins_with_either_in_british_documents(word):
    text = f"They rejected the {word} that was proposed in May.{BRITISH}"
    check_both_ways("which_that", text, f"{word} that", f"{word} which")


@pytest.mark.parametrize(
    "text",
    [
        "They rejected the resolution that was proposed in May.",  # not British
        f"They rejected the resolution, which was proposed in May.{BRITISH}",
        f"They met the woman that was elected in May.{BRITISH}",
        f"They rejected the only resolution that was proposed in May.{BRITISH}",
        f"They liked the suggestion that he should go.{BRITISH}",
    ],
)
def test_other_clauses_stay(text):
    assert variants_of("which_that", text) == []
