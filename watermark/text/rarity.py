"""Rarity of a word in general text of English or another language."""

from functools import cache
from math import log2

UNSEEN_BITS = 30.0
"""Rarity of a word missing from the frequency table, whose rarest words have 26.5 bits."""


@cache
def _frequencies(language: str = "en") -> dict[str, float]:
    from wordfreq import get_frequency_dict

    table: dict[str, float] = get_frequency_dict(language, wordlist="best")
    return table


def words_by_rarity(bits: float, n: int) -> tuple[str, ...]:
    """Return the n most common words of plain letters with a rarity of at least `bits`.

    Words of equal frequency are in alphabetical order.
    """
    rarer = ((w, p) for w, p in _frequencies().items() if -log2(p) >= bits)
    plain = sorted((-p, w) for w, p in rarer if w.isascii() and w.isalpha() and len(w) > 2)
    return tuple(word for _, word in plain[:n])


def rarity_bits(word: str, language: str = "en") -> float:
    """Return -log2 p(word), from 4.2 for "the" to `UNSEEN_BITS`; case does not matter.

    The papers call this entropy. The table is wordfreq's, for general text of a language: anyone
    who knows the text can compute it, without a key or a model.

    Source: LexiMark (arXiv 2506.14474), whose code ranks words by -p log2 p and synonyms by
    -log2 p. Both order words in the same way, so one definition is enough. There, a word that
    is missing from the table counts as the most common of all, so it is never chosen and always
    replaced; here it counts as the rarest.
    """
    p = _frequencies(language).get(word.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"))
    return UNSEEN_BITS if p is None else -log2(p)
