"""Before examples: such as, like."""

from collections.abc import Iterator

from watermark.text.sentences import Sentence
from watermark.variants.variant import Variant, follows_by_a_space, lower


def such_as(sentence: Sentence, text: str) -> Iterator[Variant]:
    """Yield "such as" and "like" between a plural noun and two or more examples."""
    for i in range(1, len(sentence) - 2):
        like = lower(sentence, i) == "like" and sentence[i].tag == "IN"
        last = i if like else i + 1
        if not like and (lower(sentence, i), lower(sentence, i + 1)) != ("such", "as"):
            continue
        noun, example = sentence[i - 1], last + 1
        if noun.tag != "NNS" or example >= len(sentence) or sentence[last].head != i - 1:
            continue
        if not _are_examples(sentence, last, example):
            continue
        spaced = follows_by_a_space(sentence[last], sentence[example], text)
        if spaced and follows_by_a_space(noun, sentence[i], text):
            written = int(like)
            if text[sentence[i].start : sentence[last].end] == ("such as", "like")[written]:
                pair = f"{noun.text.lower()} such as|{noun.text.lower()} like"
                yield Variant(sentence[i].start, ("such as", "like"), written, pair)


def _are_examples(sentence: Sentence, preposition: int, first: int) -> bool:
    objects = [
        i
        for i in range(first, len(sentence))
        if sentence[i].head == preposition and sentence[i].relation == "pobj"
    ]
    if not objects or sentence[objects[0]].tag not in {"NN", "NNS", "NNP", "NNPS"}:
        return False
    joined = any(w.head == objects[0] and w.relation == "conj" for w in sentence)
    determiners = {lower(sentence, first)} & {"a", "an", "this", "that", "these", "those", "his"}
    return joined and not determiners
