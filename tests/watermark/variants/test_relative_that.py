import pytest

from tests.support.variants import check_both_ways, variants_of


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("The book that he bought was expensive.", "he"),
        ("Select the option that you want.", "you"),
        ("They sold the house that they built in May.", "they"),
    ],
)
def test_an_object_pronoun_is_kept_or_dropped(text, subject):
    if text.count(subject) == 1:
        check_both_ways("relative_that", text, f"that {subject}", subject)
    assert variants_of("relative_that", text) == [(f"that {subject}", subject)]
    assert variants_of("relative_that", text.replace("that ", "")) == [(subject, f"that {subject}")]


@pytest.mark.parametrize(
    "text",
    [
        "The fact that he left the party surprised them.",
        "The man he met was late.",  # of persons "that" is not said
        "The day he left was warm.",
        "The book that explains it is on the table.",  # a subject cannot be dropped
        "The book, which he bought, was expensive.",
    ],
)
def test_other_clauses_stay(text):
    assert variants_of("relative_that", text) == []
