import numpy as np

from attacks.text.unicode import Unicode
from watermark.document import Document
from watermark.schemes.look_alikes import PAIRS


def run(attack, text, seed=0):
    return attack.apply(Document("d", text), np.random.default_rng(seed)).text


def test_look_alikes_invisible_characters_and_broken_encoding_are_repaired():
    assert run(Unicode(), "peace".translate(PAIRS)) == "peace"
    assert run(Unicode(), "The c\u0430t") == "The cat"
    assert run(Unicode(), "a\u200bb \ufb01ne caf\u00c3\u00a9") == "ab fine caf\u00e9"


def test_russian_words_stay_russian():
    text = "\u041e\u043d \u0445\u043e\u0447\u0435\u0442 \u0441\u043e\u0440"
    assert run(Unicode(), text) == text
