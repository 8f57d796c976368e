import numpy as np
import pytest

from attacks.text.truncation import Truncation
from watermark.document import Document


def run(attack, text, seed=0):
    return attack.apply(Document("d", text), np.random.default_rng(seed)).text


def test_the_first_words_stay():
    assert run(Truncation(3), " a b\nc d e") == "a b\nc"
    assert run(Truncation(3), "") == ""
    with pytest.raises(ValueError, match="words must be 1"):
        Truncation(0)
