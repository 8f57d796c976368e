import numpy as np

from attacks.text.whitespace import Whitespace
from watermark.document import Document


def run(attack, text, seed=0):
    return attack.apply(Document("d", text), np.random.default_rng(seed)).text


def test_white_space_is_collapsed_and_paragraphs_stay():
    assert run(Whitespace(), " a \t b \n\n\n\n c\u00a0d ") == "a b\n\nc d"
