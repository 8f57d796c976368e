"""Words that must never be put into a text, whoever proposes them.

`lists/offensive.txt` is kept by others (cuss, MIT licence). `lists/unfit.txt` is ours: words that
can state something false or hurtful, or that speak in another register.
"""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from watermark.text.inflection import inflect_lemma, lemma_of

FOLDER = Path(__file__).with_name("lists")

OFFENSIVE = "offensive"
"""The reason that the maintained list gives for each of its words."""


def listed_reason(*forms: str) -> str:
    """Return why the block lists refuse a word; empty if they do not.

    Args:
        forms: The word in lower case, in as many of its forms as are known.
    """
    lists = _lists()
    for form in forms:
        for known in (form, lemma_of(form, "n"), lemma_of(form, "v"), _compared(form)):
            if known in lists:
                return f"never put in: {lists[known]}"
    return ""


def _compared(form: str) -> str:
    """Return the adjective of which a word is a degree, or nothing; "assess" is of none."""
    lemma = lemma_of(form, "a")
    return lemma if form in {inflect_lemma(lemma, tag) for tag in ("JJR", "JJS")} else ""


def blocked_words(words: Iterable[str]) -> dict[str, str]:
    """Return those of some words that the block lists refuse, with the reason, in their order."""
    return {word: reason for word in words if (reason := listed_reason(word))}


def read_list(name: str) -> list[str]:
    """Return the lines of a list, without comments."""
    lines = (FOLDER / name).read_text(encoding="ascii").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


@cache
def _lists() -> dict[str, str]:
    reasons: dict[str, str] = {}
    for line in read_list("unfit.txt"):
        reason, _, words = line.partition(":")
        reasons.update(dict.fromkeys(words.split(), reason))
    return reasons | dict.fromkeys(read_list("offensive.txt"), OFFENSIVE)
