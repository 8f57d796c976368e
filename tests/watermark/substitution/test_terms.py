import pytest

from watermark.substitution.terms import term_exclusion


@pytest.mark.parametrize(
    ("text", "lemma", "expected"),
    [
        ("The matrix has an integer rank. The integral is finite.", "finite", "mathematics"),
        ("The surgeon saw the patients. The tumor was benign.", "benign", "medicine"),
        ("Viruses enter the cells. The fetus shows growth.", "fetus", "science"),
        ("The server asks the database. If true, it stays.", "true", "software"),
        ("Their patience was finite.", "finite", ""),
        ("One patient was benign.", "benign", ""),  # one sign is not enough
        ("The surgeon saw the patients in the garden.", "garden", ""),
    ],
)
def test_terms_stay_in_texts_on_their_subject(text, lemma, expected):
    assert term_exclusion(text, lemma) == (f"may be a term of {expected}" if expected else "")
