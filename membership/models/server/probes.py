"""Prompts for probing a server, which differ from audit to audit.

They are the beginnings of texts of the audited kind, cut at random. Without such texts they are
sentences put together at random. The randomness decides nothing but whether a server is believed.
"""

import re
from collections.abc import Sequence

import numpy as np

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
