"""Detect whether a sentence is in the language of a corpus, from word frequencies.

No model: a few function words decide most sentences, and the frequency tables of `wordfreq` the
rest. Sentences of fewer than four words are not decided.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from math import log10
from statistics import fmean

FUNCTION_WORDS = frozenset(
    """
    the and that with this from they which were would their has been she you are not have his who
    there when because could about than these those should while its itself our your
    """.split()  # noqa: SIM905 - a list of words reads better as one
)
"""A sentence is English if these are at least two and a seventh of its words."""
OTHERS = ("de", "fr", "es", "it", "pt", "nl", "sv", "da", "nb", "fi", "pl", "cs", "ro", "hu", "id")
"""Languages in Latin script that are compared with the expected one, besides English."""
UNKNOWN = -9.0
"""Log frequency of a word that is unknown in a language."""
MARGIN = 0.2
"""By how much the words must be commoner in another language; names are common in none."""


def other_language(words: Sequence[str], language: str = "en") -> str:
    """Return the code of the language that a sentence is in; empty if the wanted one or undecided.

    Where English is wanted, words in other letters than Latin ones are of no known language: "und".
    """
    plain = [word.lower() for word in words if word.isalpha()]
    if len(plain) < 4:
        return ""
    hits = sum(word in FUNCTION_WORDS for word in plain)
    if hits >= 2 and 7 * hits >= len(plain):
        return "" if language == "en" else "en"
    if language == "en" and 2 * sum(ord(word[0]) > 0x24F for word in plain) > len(plain):
        return "und"
    scores = {code: _commonness(plain, code) for code in {language, "en", *OTHERS}}
    best = max(sorted(scores), key=lambda code: scores[code])
    return best if scores[best] > scores[language] + MARGIN else ""


def _commonness(words: Sequence[str], language: str) -> float:
    table = _table(language)
    return fmean(log10(table[word]) if word in table else UNKNOWN for word in words)


@cache
def _table(language: str) -> dict[str, float]:
    from wordfreq import get_frequency_dict

    table: dict[str, float] = get_frequency_dict(language, wordlist="small")
    return table


def check_language(language: str) -> None:
    """Refuse a language whose texts cannot be marked.

    Raises:
        ValueError: spaCy or wordfreq do not know it, or it does not separate words by spaces.
    """
    from wordfreq import available_languages

    known = sorted(set(available_languages("best")) - {"fil", "ja", "ko", "sh", "vi", "zh"})
    if language not in known:
        raise ValueError(
            f"no texts in language {language!r} can be marked; wanted a code: {', '.join(known)}"
        )


def count_languages(texts: Iterable[str], language: str = "en") -> Counter[str]:
    """Count the sentences of texts by `other_language`; "" counts those in the wanted one."""
    counts: Counter[str] = Counter()
    for text in texts:
        for sentence in re.split(r"(?<=[.!?])\s+|\n+", text):
            words = re.findall(r"[^\W\d_]+", sentence)
            if len(words) >= 4:
                counts[other_language(words, language)] += 1
    return counts
