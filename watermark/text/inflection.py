"""Inflect a lemma to the form required by its context."""

from collections.abc import Mapping
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Any

ADJECTIVES_AND_ADVERBS = frozenset({"JJ", "JJR", "JJS", "RB", "RBR", "RBS"})


@lru_cache(maxsize=100_000)
def inflect_lemma(lemma: str, tag: str) -> str | None:
    """Return a lemma in the form of a Penn Treebank tag, or None if it has no such form.

    Without a tag, as in languages other than English, it stays as it is.

    Comparatives and superlatives are formed only where English forms them with an ending:
    "gigantic" has no "giganticer", so it has no JJR form here.
    """
    if tag in {"", "NN", "VB", "VBP", "JJ", "RB"}:
        return lemma
    import lemminflect

    forms: tuple[str, ...]
    if tag in ADJECTIVES_AND_ADVERBS:
        forms = lemminflect.getInflection(lemma, tag, inflect_oov=False)
    else:
        forms = lemminflect.getInflection(lemma, tag)
    return forms[0] if forms else None


@lru_cache(maxsize=100_000)
def lemma_of(word: str, pos: str) -> str:
    """Return the lemma of a lower-case word read as a part of speech: n, v, a or r.

    Of another part of speech, as in languages other than English, it is the word.
    """
    if pos not in _UNIVERSAL:
        return word
    import lemminflect

    found: tuple[str, ...] = lemminflect.getLemma(word, _UNIVERSAL[pos])
    return found[0] if found else word


@lru_cache(maxsize=100_000)
def lemmas_of(word: str) -> Mapping[str, tuple[str, ...]]:
    """Return the lemmas of a lower-case English word for each part of speech that it can have."""
    if not (word.isascii() and word.isalpha()):
        return {}
    import lemminflect

    found: Mapping[str, tuple[str, ...]] = lemminflect.getAllLemmas(word)
    return found


_UNIVERSAL = {"n": "NOUN", "v": "VERB", "a": "ADJ", "r": "ADV"}


def match_case(word: str, pattern: str) -> str | None:
    """Give a lower-case word the case of another: lower, Capitalized or UPPER; None if mixed."""
    if pattern.islower():
        return word
    if len(pattern) > 1 and pattern.isupper():
        return word.upper()
    if pattern[:1].isupper() and (len(pattern) == 1 or pattern[1:].islower()):
        return word[:1].upper() + word[1:]
    return None


@lru_cache(maxsize=200_000)
def same_family(one: str, other: str) -> bool:
    """Tell whether two lemmas are forms, spellings or abbreviations of one word.

    "travel" and "traveling", "theatre" and "theater", "moment" and "mo"; also pairs that look
    alike and are often confused ("ensure" and "insure").
    """
    short, long = sorted((one, other), key=len)
    if long.startswith(short[: max(2, len(short) - 1)]):
        return True
    return SequenceMatcher(None, short, long, autojunk=False).ratio() >= 0.8


@lru_cache(maxsize=100_000)
def article(word: str) -> str:
    """Return the indefinite article, "a" or "an", used before a word."""
    chosen: str = _engine().a(word.lower()).split(" ", 1)[0]
    return chosen


@lru_cache(maxsize=1)
def _engine() -> Any:
    import inflect

    return inflect.engine()
