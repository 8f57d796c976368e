"""The place of "also": has also been, also has been."""

from collections.abc import Iterator

from watermark.substitution.spelling import regions_of
from watermark.text.sentences import Sentence
from watermark.variants.variant import Variant, follows_by_a_space, lower

AUXILIARIES = frozenset({"has", "have", "had"})
"""The others are stiff after the word: "also can", "also will"."""


def also(sentence: Sentence, text: str) -> Iterator[Variant]:
    """Yield "has also" and "also has" between a subject and its verb, but in British documents."""
    if "british" in regions_of(text):
        return
    for i in range(1, len(sentence) - 2):
        pair = {lower(sentence, i), lower(sentence, i + 1)}
        first, second = sentence[i : i + 2]
        helper = first if first.text.lower() != "also" else second
        if "also" not in pair or not pair & AUXILIARIES or helper.relation != "aux":
            continue
        before, verb = sentence[i - 1], sentence[i + 2]
        verbs = {helper.head, first.head, second.head}
        if before.relation not in {"nsubj", "nsubjpass"} or before.head not in verbs:
            continue
        if verb.pos != "v" and verb.relation not in {"auxpass", "aux"}:
            continue
        if follows_by_a_space(first, second, text) and follows_by_a_space(second, verb, text):
            name = helper.text
            forms = (f"{name} also", f"also {name}")
            if text[first.start : second.end] in forms:
                early = int(first.text == "also")
                yield Variant(first.start, forms, early, f"{name.lower()} also|also {name.lower()}")
