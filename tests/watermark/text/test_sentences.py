import pytest

from watermark.errors import AssetError
from watermark.text.sentences import cut, load_english, read_sentences


def words_of(resources, text):
    (sentences,) = read_sentences(resources.nlp, [text])
    return {word.text: word for sentence in sentences for word in sentence}


def test_offsets_are_those_of_the_text(resources):
    text = "Tabs\there.  Two\r\nlines, an \N{GRINNING FACE} emoji, and a cafe\u0301 stood there."
    (sentences,) = read_sentences(resources.nlp, [text])
    for sentence in sentences:
        for word in sentence:
            assert text[word.start : word.end] == word.text


def test_content_words_have_lemma_tag_and_part_of_speech(resources):
    word = words_of(resources, "The old dogs quickly crossed a wide road.")
    assert (word["dogs"].lemma, word["dogs"].tag, word["dogs"].pos) == ("dog", "NNS", "n")
    assert (word["crossed"].lemma, word["crossed"].tag, word["crossed"].pos) == (
        "cross",
        "VBD",
        "v",
    )
    assert (word["quickly"].pos, word["wide"].pos, word["The"].pos) == ("r", "a", "")


@pytest.mark.parametrize(
    ("text", "word", "reason"),
    [
        ("We met the president last Tuesday on a sunny morning.", "last", "name"),
        ("She gave up her old job in the bakery.", "gave", "phrasal verb"),
        ("They have bought a stock market index this year.", "stock", "compound"),
        ("He wrote a well-known book about trees.", "known", "joined"),
    ],
)
def test_grammar_excludes_words(resources, text, word, reason):
    assert reason in words_of(resources, text)[word].exclusion


def test_names_and_auxiliaries_are_no_content_words(resources):
    word = words_of(resources, "Mary has not been in Berlin.")
    assert [word[w].pos for w in ("Mary", "has", "not", "Berlin")] == ["", "", "", ""]


def test_texts_come_back_in_order_whatever_their_length(resources):
    texts = ["", "A dog barked.", "The cat slept here. " * 1500, " \n", "A bird sang."]
    found = list(read_sentences(resources.nlp, texts))
    assert [len(sentences) > 0 for sentences in found] == [False, True, True, False, True]
    assert list(read_sentences(resources.nlp, [])) == []
    assert found[2][-1][-1].end == len(texts[2]) - 1  # two pieces, offsets of the whole


@pytest.mark.parametrize("text", ["", "short", "word " * 50, "x" * 90, "a\n\nb" * 20])
def test_pieces_cover_a_text_without_gap_or_overlap(text):
    spans = list(cut(text, limit=30))
    assert "".join(text[a:b] for a, b in spans) == text
    assert all(b - a <= 30 for a, b in spans)


def test_a_missing_pipeline_names_the_command_that_fetches_it(tmp_path):
    with pytest.raises(AssetError, match="leximark assets"):
        load_english(tmp_path)


@pytest.mark.parametrize(
    ("text", "word", "stays"),
    [
        ("She sang hits such as I Should Be So Lucky on the stage.", "Lucky", True),
        ("Lucky people seldom know how lucky they are.", "Lucky", False),
        ('"Lucky people seldom know it," she said.', "Lucky", False),
        ("LUCKY PEOPLE SELDOM KNOW IT.", "LUCKY", False),
    ],
)
def test_a_capital_within_a_sentence_excludes_a_word(resources, text, word, stays):
    exclusion = words_of(resources, text)[word].exclusion
    assert exclusion.startswith("capital within a sentence") == stays
