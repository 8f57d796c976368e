import numpy as np
import pytest

from attacks.text.chunking import Chunking
from watermark.document import Document


def run(attack, text, seed=0):
    return attack.apply(Document("d", text), np.random.default_rng(seed)).text


def test_a_chunk_of_words_stays():
    assert {run(Chunking(2), "a b c d e", seed) for seed in range(20)} == {"a b", "c d", "e"}
    assert run(Chunking(2), "") == ""
    with pytest.raises(ValueError, match="words must be 1"):
        Chunking(0)
