import pytest

from membership.detector import UnscoredError
from membership.detectors.ngram_coverage import NgramCoverage, coverage
from membership.detectors.samia import Samia, split_words
from watermark.document import Document

DOCUMENT = Document("a", "one two three  four five six four eight")
BOTH = [Samia(), NgramCoverage()]


@pytest.mark.parametrize("detector", BOTH)
def test_the_model_is_shown_the_first_half(detector):
    assert detector.prompt(DOCUMENT) == "one two three  four"
    assert detector.prompt(DOCUMENT) + " five six four eight" == DOCUMENT.text


def test_an_odd_word_goes_to_the_second_half_and_white_space_with_it():
    assert split_words(" a b\nc ", 0.5) == (" a", " b\nc ")
    assert split_words("", 0.5) == ("", "")


def test_recall_counts_words_with_their_number():
    # The truth is five, six, four, eight; of "four four six" two words are in it.
    assert Samia().score(DOCUMENT, ["four four six", "eight"]) == (2 / 4 + 1 / 4) / 2
    assert Samia().score(Document("b", "a b c d d e"), ["d d", "d x"]) == (2 / 3 + 1 / 3) / 2


def test_coverage_by_hand():
    truth = ["a", "b", "c", "d", "e", "f"]
    assert coverage(["x", "a", "b", "c", "y"], truth, 3) == 3 / 5
    assert coverage(["a", "b", "x", "c", "d"], truth, 3) == 0
    assert coverage(["b", "c", "d", "e", "b", "c"], truth, 3) == 4 / 6
    assert coverage([], truth, 3) == 0


def test_the_best_continuation_counts():
    found = NgramCoverage().score(DOCUMENT, ["nothing", "five six four, then", "five six"])
    assert found == 3 / 5


@pytest.mark.parametrize("detector", BOTH)
def test_the_true_continuation_scores_highest(detector):
    truth, other = " five six four eight", "something else that was said"
    assert detector.score(DOCUMENT, [truth]) == 1 > detector.score(DOCUMENT, [other])


@pytest.mark.parametrize("detector", BOTH)
def test_without_texts_there_is_no_score(detector):
    with pytest.raises(UnscoredError, match="no continuation"):
        detector.score(DOCUMENT, [])
    with pytest.raises(UnscoredError, match="too short"):
        detector.score(Document("a", ""), ["x"])
    assert detector.score(DOCUMENT, [""]) == 0


def test_settings_show_in_the_name_and_are_checked():
    names = ("ngram_coverage", "ngram_coverage_2_0.3")
    assert (NgramCoverage().name, NgramCoverage(2, 0.3).name) == names
    with pytest.raises(ValueError, match="runs"):
        NgramCoverage(0)
    with pytest.raises(ValueError, match="share"):
        Samia(1.0)
