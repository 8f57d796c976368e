"""Auxiliaries with "not": do not, don't."""

import re
from collections.abc import Iterator
from functools import lru_cache

from watermark.text.protected_spans import quotation_spans
from watermark.text.sentences import Sentence
from watermark.variants.variant import Variant, cased, follows_by_a_space, lower

CONTRACTED = {
    "do": "don't", "does": "doesn't", "did": "didn't",
    "is": "isn't", "are": "aren't", "was": "wasn't", "were": "weren't",
    "has": "hasn't", "have": "haven't", "had": "hadn't",
    "could": "couldn't", "would": "wouldn't", "should": "shouldn't",
    "will": "won't", "can": "can't",
}  # fmt: skip
_FULL = {
    "ca": "can", "wo": "will", **{name: name for name in CONTRACTED if name != "will"},
}  # fmt: skip
NEGATIONS = frozenset({"not", "n't", "n\u2019t"})
EMPHATIC = frozenset("only just merely simply so because for even yet least that to".split())  # noqa: SIM905
"""Words before which "not" belongs to what follows: "is not only", "did not so much"."""
_CONTRACTION = re.compile(r"\b[a-z]+n['\u2019]t\b", re.IGNORECASE)


def contractions(sentence: Sentence, text: str) -> Iterator[Variant]:
    """Yield "did not" and "didn't" before the verb, in documents that contract at all."""
    apostrophe = apostrophe_of(text)
    if not apostrophe:
        return
    words = {word.text.lower() for word in sentence}
    if words & {"but", "?", "so"} or not words & NEGATIONS or _speaks(sentence):
        return  # "not a bug but a feature"; "don't you think so?"
    for i in range(len(sentence) - 2):
        auxiliary, negation, after = sentence[i : i + 3]
        contracted = int(negation.text.lower() != "not")
        name = auxiliary.text.lower()
        base = _base(name, bool(contracted))
        if negation.text.lower() not in NEGATIONS or base not in CONTRACTED:
            continue
        if not _may_follow(sentence, i) or not follows_by_a_space(negation, after, text):
            continue
        full = "cannot" if base == "can" else f"{base} not"
        short = CONTRACTED[base].replace("'", apostrophe)
        forms = (cased(full, auxiliary.text), cased(short, auxiliary.text))
        if text[auxiliary.start : negation.end] == forms[contracted]:
            yield Variant(auxiliary.start, forms, contracted, f"{full}|{CONTRACTED[base]}")


def _base(name: str, contracted: bool) -> str:
    """Return the auxiliary that spaCy cut from a contraction: "ca", "wo"."""
    return _FULL.get(name, "") if contracted or name == "can" else name


def _speaks(sentence: Sentence) -> bool:
    """Tell whether a sentence has the tone of speech: a reader would miss its contraction."""
    n_contracted = sum("'" in word.text or "\u2019" in word.text for word in sentence)
    return n_contracted > 1 or any(w.text.lower() in {"i", "you", "!"} for w in sentence)


def _may_follow(sentence: Sentence, index: int) -> bool:
    """Tell whether a verb follows "not", or what a form of "be" says of its subject."""
    before, after = sentence[:index], sentence[index + 2]
    if sentence[index + 1].relation != "neg":
        return False
    if not after.text[:1].isalpha() or lower(sentence, index + 2) in EMPHATIC:
        return False
    if after.relation in {"nsubj", "nsubjpass", "expl"}:
        return False  # "don't they"
    imperative = lower(sentence, index) == "do" and after.tag == "VB"
    return imperative or any(word.relation in {"nsubj", "nsubjpass", "expl"} for word in before)


@lru_cache(maxsize=64)
def apostrophe_of(text: str) -> str:
    """Return the apostrophe with which a text contracts outside of quotations; "" if it does not.

    A text with both kinds of apostrophe gives the commoner one.
    """
    quoted = quotation_spans(text)
    found = [
        match.group()[-2]
        for match in _CONTRACTION.finditer(text)
        if not any(start <= match.start() < end for start, end in quoted)
    ]
    return max(sorted(set(found)), key=found.count, default="")
