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
        ("Do not say huge when you mean large.", "large"),
        ("He wrote enormous where he meant huge.", "enormous"),
        ("In English we say quick, not quickly.", "quick"),
        ("She misspelled separate twice.", "separate"),
        ("Enormous means very large.", "Enormous"),
        ("What does rapid mean?", "rapid"),
        ("By terrible he meant wonderful.", "wonderful"),
        ("The opposite of huge is tiny.", "huge"),
        ("The letters of silent make listen.", "silent"),
        ("The translation of schnell as quick is wrong.", "quick"),
        ("Schnell is German for quick.", "quick"),
        ("The German word schnell means quick.", "quick"),
        ("The word *enormous* comes from Latin.", "enormous"),
        ("The word is enormous.", "enormous"),
        ("Words like enormous and huge are overused.", "huge"),
        ("English has two words for this, huge and enormous.", "huge"),
        ("Use the keyword enormous in the search.", "enormous"),
        ("The comparative of happy is happier.", "happy"),
        ("Look up enormous in a dictionary.", "enormous"),
        ("rapid, adj. Happening in a short time.", "rapid"),
        ('The sign read "Closed for repairs".', "repairs"),
        ('The password is "beautiful friend".', "friend"),
        ('They call the big house "the castle".', "castle"),
    ],
)
def test_a_word_that_is_spoken_about_stays(resources, text, word):
    assert reason(resources, text, word).startswith(("the sentence speaks", "a word in quot"))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("rapid: happening in a short time", "rapid"),
        ("*rapid*: happening in a short time", "rapid"),
        ("1. enormous - very large", "enormous"),
        ("enormous = very large", "enormous"),
        ("glad — pleased and happy.", "glad"),
    ],
)
def test_the_headword_of_an_entry_stays(resources, text, word):
    assert reason(resources, text, word) == "a headword or label"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("It is known as the great silence.", "silence"),
        ("The disease is also called the silent killer.", "silent"),
        ("The district was dubbed the golden mile.", "golden"),
        ("He was nicknamed the quick one.", "quick"),
        ("So-called friends abandoned him.", "friends"),
    ],
)
def test_a_name_that_is_given_stays(resources, text, word):
    assert reason(resources, text, word) == "part of a name that is given"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("The rapid change of the city surprised them.", "rapid"),
        ("The long term change surprised them, in a word.", "surprised"),
        ("The French drink enormous amounts of wine.", "enormous"),
        ("They left the word unspoken and walked to the enormous house.", "enormous"),
        ("He said quick action was needed.", "quick"),
        ("They wrote long and difficult letters.", "difficult"),
        ("She means well and writes beautiful letters.", "beautiful"),
        ("This means that the city changed rapidly.", "changed"),
        ("The changes mean big trouble for workers.", "big"),
        ("Letters of sincere support arrived quickly.", "sincere"),
        ("The sign stood near the enormous building.", "enormous"),
        ("They said little and left quickly.", "quickly"),
        ("He is known as a doctor and he lives in an enormous house.", "enormous"),
    ],
)
def test_other_sentences_are_marked_as_before(resources, text, word):
    assert reason(resources, text, word) == ""
