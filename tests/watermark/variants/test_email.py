import pytest

from tests.support.variants import check_both_ways, variants_of


def test_the_hyphen_comes_and_goes():
    check_both_ways("email", "He sent an email to the council.", "email", "e-mail")


def test_verbs_and_capitals_too():
    assert variants_of("email", "Emails were sent. He emailed the council twice.") == [
        ("emailed", "e-mailed")
    ] or variants_of("email", "Emails were sent to us. He emailed the council twice.") == [
        ("Emails", "E-mails"),
        ("emailed", "e-mailed"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "He sent an email and an e-mail to the council.",
        "He set the value of email_address to the email of the council.",
        'He sent an email to the council. "Your email was late," they said.',
        "He wrote to email@example.org about the email.",
    ],
)
def test_mixed_documents_and_identifiers_stay(text):
    assert variants_of("email", text) == []
