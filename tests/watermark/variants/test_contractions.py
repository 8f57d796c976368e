import pytest

from tests.support.variants import draws_of, variants_of

KEEPS = " The others didn't matter."
"""Shows that the document contracts."""


@pytest.mark.parametrize(
    ("text", "full", "short"),
    [
        ("The minister does not support the plan.", "does not", "doesn't"),
        ("They have not sold the house yet.", "have not", "haven't"),
        ("The company will not pay the bill.", "will not", "won't"),
        ("The engine cannot reach the station.", "cannot", "can't"),
        ("Do not open the valve before noon.", "Do not", "Don't"),
    ],
)
def test_an_auxiliary_and_its_negation_contract_and_expand(text, full, short):
    assert variants_of("contractions", text + KEEPS)[0] == (full, short)
    assert variants_of("contractions", text.replace(full, short) + KEEPS)[0] == (short, full)


def test_the_last_contraction_of_a_document_may_be_expanded():
    check = "The mayor was there. The others didn't see the mayor."
    assert variants_of("contractions", check) == [("didn't", "did not")]


def test_the_apostrophe_is_that_of_the_document():
    curly = "The minister does not support the plan. The others didn\u2019t see it."
    check_first = variants_of("contractions", curly)[0]
    assert check_first == ("does not", "doesn\u2019t")


@pytest.mark.parametrize(
    "text",
    [
        "The minister does not support the plan.",  # a document that never contracts
        'The minister does not support it. "They didn\'t ask," he said.',  # only when it quotes
        "It is not a fault but a feature." + KEEPS,
        "It was not only late." + KEEPS,
        "Is it not late?" + KEEPS,
        "Doesn't the minister support the plan?" + KEEPS,
        "I do not think it will rain." + KEEPS,  # speech: a reader would miss the contraction
        "He supports the plan, and she does not." + KEEPS,
        '"The minister does not support the plan," she said.' + KEEPS,
    ],
)
def test_what_would_read_ill_or_is_quoted_stays(text):
    assert [v for v in variants_of("contractions", text) if v[0] != "didn't"] == []


def test_two_places_of_a_pair_share_a_coin():
    text = "She did not see the boat. They didn't see the boat."
    assert variants_of("contractions", text) == [("did not", "didn't"), ("didn't", "did not")]
    (first, forms), (second, others) = draws_of("contractions", text)
    assert (first, forms) == (second, others)
