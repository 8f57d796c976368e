import numpy as np
import pytest

from attacks.text.cleaning import (
    Chunking,
    DroppedSentences,
    Markup,
    Truncation,
    Unicode,
    Whitespace,
)
from watermark.document import Document
from watermark.schemes.look_alikes import PAIRS


def run(attack, text, seed=0):
    found = attack.apply(Document("d", text), np.random.default_rng(seed))
    return None if found is None else found.text


def test_look_alikes_invisible_characters_and_broken_encoding_are_repaired():
    assert run(Unicode(), "peace".translate(PAIRS)) == "peace"
    assert run(Unicode(), "The c\u0430t") == "The cat"
    assert run(Unicode(), "a\u200bb \ufb01ne caf\u00c3\u00a9") == "ab fine caf\u00e9"


def test_russian_words_stay_russian():
    text = "\u041e\u043d \u0445\u043e\u0447\u0435\u0442 \u0441\u043e\u0440"
    assert run(Unicode(), text) == text


def test_white_space_is_collapsed_and_paragraphs_stay():
    assert run(Whitespace(), " a \t b \n\n\n\n c\u00a0d ") == "a b\n\nc d"


def test_markup_goes_and_words_stay():
    before = "# Head\n\n* **bold** and *it* [link](http://x.y)\n> <b>x</b> &amp; `code`<!-- no -->"
    assert run(Markup(), before) == "Head\n\nbold and it link\nx & code"


def test_the_first_words_and_a_chunk_of_words():
    assert run(Truncation(3), " a b\nc d e") == "a b\nc"
    assert {run(Chunking(2), "a b c d e", seed) for seed in range(20)} == {"a b", "c d", "e"}
    assert run(Chunking(2), "") == ""
    for attack in (Truncation, Chunking):
        with pytest.raises(ValueError, match="words must be 1"):
            attack(0)


def test_some_sentences_are_dropped_and_none_left_drops_the_document():
    text = "One. Two! Three? " * 100
    kept = run(DroppedSentences(0.3), text)
    assert abs(len(kept.split()) - 210) < 4 * np.sqrt(300 * 0.3 * 0.7)
    assert run(DroppedSentences(0.0), text) == text
    assert run(DroppedSentences(1.0), text) is None
