import pytest

from tests.support.targets import target_of
from watermark.schemes.leximark import LexiMark
from watermark.schemes.leximark_sites import exclusion_reason


def reason(resources, text, word):
    target = target_of(resources, text, word)
    return exclusion_reason(resources.wordnet, target, [], LexiMark())


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Synonyms of rapid include fast, quick and swift.", "rapid"),
        ("The word enormous comes from Latin.", "enormous"),
        ("The adjective huge has four letters and rhymes with nothing.", "huge"),
        ("In French, 'big' is grand.", "grand"),
        ("The term shy is spelled with a y.", "shy"),
        ("What they call “rapid” change took years.", "rapid"),
    ],
)
def test_a_word_that_is_spoken_about_stays(resources, text, word):
    assert reason(resources, text, word).startswith(("the sentence speaks", "a word in quot"))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("The rapid change of the city surprised them.", "rapid"),
        ("The long term change surprised them, in a word.", "surprised"),
        ("The French drink enormous amounts of wine.", "enormous"),
        ("They left the word unspoken and walked to the enormous house.", "enormous"),
    ],
)
def test_other_sentences_are_marked_as_before(resources, text, word):
    assert reason(resources, text, word) == ""
