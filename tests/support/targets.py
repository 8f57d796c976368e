"""Places in a text, for tests."""

from watermark.substitution.target import Target
from watermark.text.sentences import read_sentences


def target_of(resources, text, target):
    """Return the first place of a word in a text."""
    (sentences,) = read_sentences(resources.nlp, [text])
    for sentence in sentences:
        for index, word in enumerate(sentence):
            if word.text == target:
                return Target(text, sentence, index)
    raise AssertionError(target)
