"""The comma after a time at the beginning of a sentence: On Monday the, On Monday, the."""

from collections.abc import Iterator

from watermark.text.sentences import Sentence
from watermark.variants.variant import Variant, lower

PREPOSITIONS = frozenset({"in", "on", "at", "after", "before", "during", "since"})
TIMES = frozenset(
    """
    afternoon century day decade evening hour minute moment month morning night spring summer
    autumn winter week weekend year
    """.split()  # noqa: SIM905
)
MOST_WORDS = 5
"""Words of the phrase; after a longer one the comma is expected."""
SUBJECTS = frozenset(
    """
    he her his i it its my our she some the their there these they those we you your
    """.split()  # noqa: SIM905
)
"""Words that cannot belong to the phrase before them."""


def opening_comma(sentence: Sentence, text: str) -> Iterator[Variant]:
    """Yield the place between a short phrase of time and the subject."""
    if lower(sentence, 0) not in PREPOSITIONS or sentence[0].relation != "prep":
        return
    last = _end_of_phrase(sentence)
    comma = int(lower(sentence, last + 1) == ",")
    subject = last + 1 + comma
    word = lower(sentence, subject)
    if not last or word not in SUBJECTS or lower(sentence, subject + 1)[:1].isdecimal():
        return
    if sentence[0].head <= subject:
        return
    if any(w.text == "," for w in sentence[subject : sentence[0].head + 2]):
        return  # the comma would open a pair: "In May, it seemed, the"
    forms = (f" {sentence[subject].text}", f", {sentence[subject].text}")
    start = sentence[last].end
    if text[start : sentence[subject].end] == forms[comma]:
        yield Variant(start, forms, comma, f"{lower(sentence, 0)} ... (,) {word}")


def _end_of_phrase(sentence: Sentence) -> int:
    """Return the index of the last word of the phrase; 0 if it is not a short one of time."""
    phrase = sentence[:MOST_WORDS]
    noun = next((i for i, w in enumerate(phrase) if w.relation == "pobj" and not w.head), 0)
    if not noun:
        return 0
    last = noun
    while last + 1 < len(sentence) and sentence[last + 1].head == noun:
        last += 1
        if sentence[last].entity != "DATE" and sentence[last].text != ",":
            return 0  # "On the day he left"
    last -= sentence[last].text == ","
    if any(word.text == "," for word in sentence[:last]):
        return 0  # "On May 1, 2016," closes a pair
    is_time = sentence[noun].entity in {"DATE", "TIME"} or sentence[noun].lemma in TIMES
    return last if is_time and last < MOST_WORDS else 0
