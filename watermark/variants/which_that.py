"""Relative clauses that restrict a thing: the rule which applies, the rule that applies."""

import re
from collections.abc import Iterator

from watermark.substitution.spelling import regions_of
from watermark.text.sentences import Sentence
from watermark.variants.variant import Variant, follows_by_a_space, lower

THINGS = re.compile(r"[a-z]+(?:tion|sion|ment|ness|ity|ism|ship|age|ance|ence|ure|ing|em|ule)s?")
"""Endings of nouns that hardly name a person."""
PERSONS = frozenset("government management audience leadership regiment parliament being".split())  # noqa: SIM905
"""Nouns with these endings that do, or that name bodies of people."""


def which_that(sentence: Sentence, text: str) -> Iterator[Variant]:
    """Yield the subjects of relative clauses, in British documents: others keep to "that"."""
    if "british" not in regions_of(text):
        return
    for i in range(2, len(sentence) - 1):
        noun, pronoun, verb = sentence[i - 1 : i + 2]
        if pronoun.text not in {"which", "that"} or pronoun.tag != "WDT":
            continue
        clause = sentence[pronoun.head]
        if pronoun.relation not in {"nsubj", "nsubjpass"} or clause.relation != "relcl":
            continue
        if clause.head != i - 1 or not _is_thing(sentence, i - 1):
            continue
        if not verb.tag.startswith(("VB", "MD", "RB")):
            continue
        if _wants_that(sentence, i - 1) or not follows_by_a_space(noun, pronoun, text):
            continue
        forms = (f"{noun.text} that", f"{noun.text} which")
        name = noun.text.lower()
        yield Variant(noun.start, forms, int(pronoun.text == "which"), f"{name} that|{name} which")


def _is_thing(sentence: Sentence, index: int) -> bool:
    noun = sentence[index]
    if noun.tag not in {"NN", "NNS"} or noun.entity or noun.lemma in PERSONS:
        return False
    return bool(THINGS.fullmatch(noun.text.lower()))


def _wants_that(sentence: Sentence, noun: int) -> bool:
    """Tell whether the noun is one of a kind, or "which" is near already."""
    near = {lower(sentence, i) for i in range(max(0, noun - 6), noun)}
    superlative = any(w.tag in {"JJS", "RBS"} for w in sentence[max(0, noun - 4) : noun])
    limiting = {"all", "any", "every", "only", "first", "last", "same", "very", "no", "much", "it"}
    others = sum(word.text.lower() in {"which", "that"} for word in sentence)
    return superlative or bool(near & limiting) or others > 1
