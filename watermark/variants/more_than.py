"""Before a number: more than, over."""

from collections.abc import Iterator

from watermark.text.sentences import Sentence
from watermark.variants.variant import Variant, cased, follows_by_a_space, lower

PERIODS = frozenset(
    """
    century day decade game hour match minute month night season second week year
    """.split()  # noqa: SIM905
)
"""Nouns with which "over" also means "in the course of"."""

BEFORE = frozenset(
    """
    about attract be buy contain destroy employ find have house include kill own receive sell , (
    """.split()  # noqa: SIM905
)
"""Besides prepositions and conjunctions, lemmas before which "over" does not mean a place: it does
in "flew over 300 houses" and "fall over 45 points".
"""


def more_than(sentence: Sentence, text: str) -> Iterator[Variant]:
    """Yield "more than" and "over" before a figure that counts things in the plural."""
    if any(word.relation == "neg" for word in sentence):
        return  # "not more than" is not "not over"
    for i in range(len(sentence) - 1):
        over = lower(sentence, i) == "over"
        number = i + (1 if over else 2)
        if not over and (lower(sentence, i), lower(sentence, i + 1)) != ("more", "than"):
            continue
        if number >= len(sentence) or not _counts(sentence, number) or _is_comparison(sentence, i):
            continue
        gap = sentence[number - 1]
        if follows_by_a_space(gap, sentence[number], text):
            forms = (cased("more than", sentence[i].text), cased("over", sentence[i].text))
            if text[sentence[i].start : gap.end] == forms[over]:
                counted = lower(sentence, sentence[number].head)
                pair = f"more than|over {counted}"
                yield Variant(sentence[i].start, forms, int(over), pair)


def _counts(sentence: Sentence, number: int) -> bool:
    """Tell whether a figure above nine stands here and counts a plural noun."""
    figure, noun = sentence[number], sentence[sentence[number].head]
    digits = figure.text.replace(",", "")
    if not digits.isdecimal() or int(digits) < 10 or figure.relation != "nummod":
        return False
    between = sentence[number + 1 : sentence[number].head]
    plain = all(word.text.isalpha() for word in between) and len(between) <= 2
    return noun.tag == "NNS" and noun.start > figure.start and plain and noun.lemma not in PERIODS


def _is_comparison(sentence: Sentence, index: int) -> bool:
    """Tell "no more than", "won over 12 teams" and the like from a mere number."""
    if lower(sentence, index - 1) in {"no", "not", "much", "far", "many", "any", "once", "even"}:
        return True
    is_over = lower(sentence, index) == "over"
    if is_over and sentence[index].relation not in {"quantmod", "advmod"}:
        return True
    before = sentence[index - 1] if index else None  # not "flew over", "a dispute over"
    return before is not None and before.tag not in {"IN", "CC"} and before.lemma not in BEFORE
