import pytest

from membership.choices.answers import Answers, first_option, which_option

OPTIONS = ("buy", "purchase", "an acquisition")


@pytest.mark.parametrize(
    ("answer", "option"),
    [
        ("buy", 0), ("Buy.", 0), ('"purchase"', 1), ("Answer: purchase", 1), ("**buy**", 0),
        ("The word is purchase.", 1), ("\u201cBUY\u201d\n", 0), ("an  acquisition", 2),
        ("I think the author wrote buy", 0),
        ("", None), ("both", None), ("buy or purchase", None), ("buying", None), ("sell", None),
        ("I cannot help with that.", None),
    ],
)  # fmt: skip
def test_an_answer_names_one_option_or_none(answer, option):
    assert which_option(answer, OPTIONS) == option


def test_options_that_look_alike_are_not_told_apart():
    assert which_option("May", ("may", "May")) is None


@pytest.mark.parametrize(
    ("text", "option"),
    [
        (" buy the house", 0), ("purchase, and", 1), (" buying", None), ("an acquisition of", 2),
        (" \u201cbuy\u201d", 0), ("", None), (" the", None),
    ],
)  # fmt: skip
def test_a_continuation_counts_if_it_begins_with_an_option(text, option):
    assert first_option(text, OPTIONS) == option


def test_the_longer_of_two_options_that_fit_wins():
    assert first_option(" bus stop here", ("bus", "bus stop")) == 1


def test_every_call_is_counted():
    assert Answers((2, 1), other=3, refused=4).n_asked == 10
