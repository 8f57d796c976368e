import pytest

from tests.support.targets import target_of
from watermark.substitution.government import government_objection


@pytest.mark.parametrize(
    ("text", "word", "lemma", "expected"),
    [
        ("She said nothing.", "said", "tell", "government: wants a person as its object"),
        ("I told him.", "told", "state", "government: takes no person as its object"),
        ("I told him.", "told", "inform", ""),
        ("She said nothing.", "said", "state", ""),
        ("They bought bread.", "bought", "purchase", ""),
        ("The report was long.", "report", "tell", ""),  # a noun
    ],
)
def test_a_verb_takes_the_object_of_the_other(resources, text, word, lemma, expected):
    assert government_objection(target_of(resources, text, word).word, lemma) == expected
