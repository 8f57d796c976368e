"""Prompts for probing a server, which differ from audit to audit.

They are the beginnings of texts of the audited kind, cut at random. Without such texts they are
sentences put together at random. Among the questions a probe has the form of a question: a text up
to a place, and the same text with another word at that place and what follows it. The randomness
decides nothing but whether a server is believed.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from membership.traces.candidate_tokens import right_edge

_WORDS = re.compile(r"\S+")
_SUBJECTS = (
    "The committee", "My sister", "A reader from Leeds", "The older engine", "Nobody in the town",
    "The second chapter", "Our neighbour", "This recipe", "The river", "An early version",
    "The museum", "Every passenger", "The report", "His grandfather", "The smaller team",
)  # fmt: skip
_MIDDLES = (
    "met on Monday and decided to", "was seen last week near the", "has been known for years as a",
    "came back from the market with a", "needs more time than the", "will be opened again in the",
    "was written before the end of the", "stood at the window and looked at the",
    "had never been asked about the", "is described in detail by the",
)  # fmt: skip
_LEAST_WORDS, _MOST_WORDS = 5, 14
_MOST_CHARACTERS = 150
_BEHIND = " and"


@dataclass(frozen=True)
class Cut:
    """A text cut in two: a server writes a token after the first part, and reads it there."""

    left: str
    right: str = _BEHIND
    """What follows the token when it is read."""


def cut_questions(
    texts: Sequence[str], n: int, most: int, rng: np.random.Generator | None = None
) -> list[Cut]:
    """Return cuts of texts at random places, as candidates of a word are asked about.

    Args:
        texts: The texts that are asked about now; those of few words are left out.
        n: Number of cuts.
        most: Maximum number of characters of a first part.
        rng: Source of randomness; by default seeded by the operating system.
    """
    chance = rng or np.random.default_rng()
    places = [[m.end() for m in _WORDS.finditer(text[:most])][_LEAST_WORDS - 1 :] for text in texts]
    usable = [(text, ends) for text, ends in zip(texts, places, strict=True) if ends]
    cuts = list[Cut]()
    for _ in range(n if usable else 0):
        text, ends = usable[chance.integers(len(usable))]
        end = ends[chance.integers(len(ends))]
        cuts.append(Cut(text[:end], text[end : right_edge(text, end)].rstrip() or _BEHIND))
    return cuts


def make_prompts(texts: Sequence[str], n: int, rng: np.random.Generator | None = None) -> list[str]:
    """Return prompts that end with a whole word, in random order.

    Args:
        texts: Texts like those that will be audited; if empty, built-in sentences are used.
        n: Number of prompts.
        rng: Source of randomness; by default seeded by the operating system.
    """
    chance = rng or np.random.default_rng()
    texts = [text for text in texts if cut_beginning(text, _LEAST_WORDS)]
    prompts = list[str]()
    for _ in range(n):
        if texts:
            n_words = int(chance.integers(_LEAST_WORDS, _MOST_WORDS + 1))
            prompts.append(cut_beginning(texts[chance.integers(len(texts))], n_words))
        else:
            subject, middle = (part[chance.integers(len(part))] for part in (_SUBJECTS, _MIDDLES))
            prompts.append(f"{subject} {middle}")
    return prompts


def cut_beginning(text: str, n_words: int) -> str:
    """Return the first words of a text, fewer if they are long; empty if it has not so many."""
    ends = [found.end() for found in _WORDS.finditer(text[: 4 * _MOST_CHARACTERS])][:n_words]
    kept = [end for end in ends if end <= _MOST_CHARACTERS]
    return text[: kept[-1]] if len(kept) >= _LEAST_WORDS else ""
