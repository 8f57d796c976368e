"""A word in its sentence, and what becomes of the text when another stands there."""

from collections.abc import Sequence
from dataclasses import dataclass

from watermark.text.inflection import article
from watermark.text.sentences import Sentence, Word

LEFT_CHARACTERS = 120
"""How much of what precedes a sentence a model reads with it."""
RIGHT_CHARACTERS = 50
"""How much a language model reads after the word, at most to the end of the sentence."""
REACH = 600
"""How much of a long sentence an encoder reads to either side of the word."""


@dataclass(frozen=True, slots=True)
class TargetContext:
    """A piece of text and the word in it that a model is asked about."""

    text: str
    start: int
    end: int
    """Offsets of the word in `text`, in code points."""


@dataclass(frozen=True, slots=True)
class Target:
    """A word in its sentence: a place that may become a site."""

    text: str
    """The whole document."""
    sentence: Sentence
    index: int

    @property
    def word(self) -> Word:
        """Return the word itself."""
        return self.sentence[self.index]

    def sentence_with(self, surface: str) -> TargetContext:
        """Return the sentence with another word in this place, with "a" or "an" adjusted."""
        first = max(self.sentence[0].start, self.word.start - REACH)
        return self._context(surface, first, min(self.sentence[-1].end, self.word.end + REACH))

    def context_with(self, surface: str) -> TargetContext:
        """Return the text around with another word in this place, as a language model reads it."""
        first = max(0, self.sentence[0].start - LEFT_CHARACTERS, self.word.start - REACH)
        last = min(self.sentence[-1].end, self.word.end + RIGHT_CHARACTERS)
        return self._context(surface, first, last)

    def _context(self, surface: str, first: int, last: int) -> TargetContext:
        start, written = self.replacement(surface)
        left = self.text[min(first, start) : start]
        text = left + written + self.text[self.word.end : last]
        end = len(left) + len(written)
        return TargetContext(text, end - len(surface), end)

    def replacement(self, surface: str) -> tuple[int, str]:
        """Return what to write for the word, and from where: with the article if that changes."""
        word = self.word
        if not needs_article(self.sentence, self.index, surface):
            return word.start, surface
        before = self.sentence[self.index - 1]
        gap = self.text[before.end : word.start]
        return before.start, other_article(before.text) + gap + surface


def needs_article(sentence: Sequence[Word], index: int, surface: str) -> bool:
    """Tell whether "a" or "an" stands before the word and the candidate wants the other."""
    if not index or not sentence[index].tag or sentence[index - 1].text.lower() not in {"a", "an"}:
        return False
    return article(surface) != article(sentence[index].text)


def other_article(written: str) -> str:
    """Return "an" for "a" and the reverse, in the same case."""
    if written.lower() == "an":
        return written[0]
    return written + ("N" if written.isupper() and len(written) > 1 else "n")
