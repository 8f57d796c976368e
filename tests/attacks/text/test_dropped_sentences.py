from typing import Any

import numpy as np

from attacks.text.dropped_sentences import DroppedSentences
from watermark.document import Document


def run(attack, text):
    found = attack.apply(Document("d", text), np.random.default_rng(0))
    return None if found is None else found.text


class Rolls:
    """A generator that gives the listed numbers."""

    def __init__(self, *numbers):
        self.random = iter(numbers).__next__


def test_the_sentences_whose_number_is_below_the_share_are_dropped_by_hand():
    rolls: Any = Rolls(0.4, 0.5, 0.6, 0.1)
    after = DroppedSentences(0.5).apply(Document("d", "One. Two!\nThree?  Four."), rolls)
    assert after == Document("d", "Two!\nThree?  ")


def test_some_sentences_are_dropped_and_none_left_drops_the_document():
    text = "One. Two! Three? " * 100
    kept = run(DroppedSentences(0.3), text)
    assert abs(len(kept.split()) - 210) < 4 * np.sqrt(300 * 0.3 * 0.7)
    assert run(DroppedSentences(0.0), text) == text
    assert run(DroppedSentences(1.0), text) is None
