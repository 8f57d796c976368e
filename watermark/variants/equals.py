"""The order of two equals: cats and dogs, dogs and cats."""

from collections.abc import Iterator

from watermark.text.sentences import Sentence
from watermark.variants.variant import Variant, children, follows_by_a_space, lower

FIXED = frozenset(
    """
    age aim arm bed bird bit bone book boy brother bride cat child daughter dollar dog dos egg end
    fan father friend gentleman girl good grandparent guest hand hope husband in interest knee lady
    law leap letter life man measure mom mother mum name nut odd out parent pence penny plan pound
    pro relative right rule second sister son store sweet term thing tit trial up ward way wife
    woman wit year
    """.split()  # noqa: SIM905
)
"""Lemmas of nouns that come in set phrases: "bits and pieces", "goods and services"."""


def equals(sentence: Sentence, text: str) -> Iterator[Variant]:
    """Yield two bare plural nouns that "and" or "or" joins, with nothing said of one alone."""
    for i in range(1, len(sentence) - 3):
        first, conjunction, second, after = sentence[i : i + 4]
        if conjunction.text not in {"and", "or"} or not _are_equal(sentence, i):
            continue
        if after.text[:1] not in {".", ",", ";", ":"} and after.tag not in {"VBP", "VBD", "MD"}:
            continue  # what follows may belong to the second alone
        if {first.lemma, second.lemma} & FIXED or first.text == second.text:
            continue
        if all(
            follows_by_a_space(one, other, text)
            for one, other in ((first, conjunction), (conjunction, second))
        ):
            one, other = sorted((first.text, second.text))
            forms = (f"{one} {conjunction.text} {other}", f"{other} {conjunction.text} {one}")
            written = int(first.text == other)
            yield Variant(first.start, forms, written, "|".join(forms))


def _are_equal(sentence: Sentence, index: int) -> bool:
    first, second = sentence[index], sentence[index + 2]
    if first.tag != "NNS" or second.tag != "NNS" or second.head != index:
        return False
    if not (first.text.islower() and second.text.islower()):
        return False
    if first.entity or second.entity or second.relation != "conj":
        return False
    if [c for c in children(sentence, index + 2) if c != index + 1]:
        return False
    own = [c for c in children(sentence, index) if c not in {index + 1, index + 2}]
    if any(sentence[c].tag != "," for c in own) or lower(sentence, index - 1) in {",", "and", "or"}:
        return False
    lemmas = {word.lemma for word in sentence}
    return not lemmas & {"respectively", "former", "latter", "both", "either", "between"}
