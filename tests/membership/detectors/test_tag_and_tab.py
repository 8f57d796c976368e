import numpy as np
import pytest

from membership.detector import UnscoredError
from membership.detectors.tag_and_tab import TagAndTab, find_keywords
from tests.support.tiny import tiny_tokenizer
from tests.support.traces import trace_of
from watermark.document import Document


def words(text, k):
    return sorted(text[a:b] for a, b in find_keywords(text, k))


def score(text, spans, logprob, k=1):
    trace = trace_of(logprob, text, spans=spans)
    return TagAndTab(k).score(Document("a", text), [trace])


def test_the_rarest_words_of_each_sentence():
    assert words("the cat saw a platypus. it was a good walk", 1) == ["platypus", "walk"]
    assert words("the cat saw a platypus", 2) == ["cat", "platypus"]


def test_names_come_on_top_but_the_first_word_of_a_sentence_is_none():
    assert words("The boss of Acme saw it in May", 2) == ["Acme", "May", "boss"]


def test_a_word_that_comes_twice_is_found_in_both_places():
    text = "art is art. a part"
    # The official code looks for the first "art" in the joined pieces, whatever it is a part of.
    assert sorted(find_keywords(text, 1)) == [(0, 3), (14, 18)]
    assert sorted(find_keywords(text, 2)) == [(0, 3), (7, 10), (12, 13), (14, 18)]


def test_the_mean_of_the_tokens_that_touch_a_keyword():
    #       the  -  pla-typ-us  -  ate
    text = "the platypus ate"
    spans = [[0, 3], [3, 7], [7, 10], [10, 12], [12, 16]]
    assert score(text, spans, [-1, -2, -4, -6, -8]) == -4


def test_a_space_before_a_keyword_is_none_of_it():
    text = "a platypus"
    assert score(text, [[0, 1], [1, 2], [2, 10]], [-1, -50, -3]) == -3


@pytest.mark.parametrize("bos", [None, "<|endoftext|>"])
def test_tokens_are_found_with_and_without_a_start_token(bos):
    # Code that counts tokens of `tokenize` is one off where the tokenizer adds no start token.
    text = "if the try statement names a platypus"
    encoding = tiny_tokenizer(bos=bos).backend_tokenizer.encode(text, add_special_tokens=False)
    spans = np.array(encoding.offsets)
    keyword = spans[:, 1] > text.index("platypus")
    logprob = np.where(keyword, -7.0, -1.0)
    skip = 0 if bos else 1  # without a start token the first token is not scored
    assert score(text, spans[skip:], logprob[skip:]) == -7


def test_a_document_without_words_has_no_score():
    with pytest.raises(UnscoredError, match="no keyword"):
        score("12 + 7 = 19", [[0, 11]], [-1.0])


def test_settings_show_in_the_name_and_are_checked():
    assert (TagAndTab().name, TagAndTab(2).name) == ("tag_and_tab", "tag_and_tab_2")
    with pytest.raises(ValueError, match="keyword"):
        TagAndTab(0)
