"""Places in a text, for tests."""

from watermark.spots import Spot
from watermark.words import read_sentences


def spot_of(analyst, text, target):
    """Return the first place of a word in a text."""
    (sentences,) = read_sentences(analyst.nlp, [text])
    for sentence in sentences:
        for index, word in enumerate(sentence):
            if word.text == target:
                return Spot(text, sentence, index)
    raise AssertionError(target)
