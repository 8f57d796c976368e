"""Words that English keeps together: light verbs and their nouns, terms, set phrases."""

from watermark.substitution.countability import is_counted
from watermark.substitution.wordnet import WordNet
from watermark.text.sentences import Sentence

LIGHT = frozenset(
    "bear catch do draw get give have hold keep make pay play pose put raise run set take".split()  # noqa: SIM905
)
"""Verbs that mean little beside their noun ("take a decision")."""
SUPPORT = LIGHT | frozenset(
    """
    commit conduct deliver exert express hold launch lend lodge mount offer pass perform place
    provide reach render serve strike
    """.split()  # noqa: SIM905
)
"""Verbs that are chosen by an abstract noun: comic relief is provided, not supplied."""
REACH = 4
"""How many words further on the noun of a verb is looked for."""
_CONCRETE = frozenset(
    f"noun.{kind}"
    for kind in ("animal", "artifact", "body", "food", "group", "location", "object", "person")
) | {"noun.plant", "noun.quantity", "noun.shape", "noun.substance", "noun.time", "noun.Tops"}
_BETWEEN = frozenset({"DT", "JJ", "JJR", "JJS", "PRP$", "RB", "CD", "VBN", "VBG", "NN", "PDT"})
"""Tags of what stands between a verb and its noun."""


def collocation_exclusion(wordnet: WordNet, sentence: Sentence, index: int) -> str:
    """Return why a word forms one expression with a neighbour; empty if it does not."""
    pos = sentence[index].pos
    if pos == "v":
        return _verb_exclusion(wordnet, sentence, index)
    if pos == "n":
        return _noun_exclusion(wordnet, sentence, index)
    classifies = pos == "a" and wordnet.classifies(sentence[index].lemma)
    if classifies and _before_noun(sentence, index):
        return "an adjective that makes a term of its noun"
    return ""


def _before_noun(sentence: Sentence, index: int) -> bool:
    return index + 1 < len(sentence) and sentence[index + 1].tag in {"NN", "NNS"}


def _verb_exclusion(wordnet: WordNet, sentence: Sentence, index: int) -> str:
    if sentence[index].lemma not in SUPPORT:
        return ""
    for word in sentence[index + 1 : index + 1 + REACH]:
        if word.pos == "n" and word.tag in {"NN", "NNS"}:
            if is_abstract(wordnet, word.lemma):
                return f"makes one expression with {word.text!r}"
        elif word.tag not in _BETWEEN:
            return ""
    return ""


def _noun_exclusion(wordnet: WordNet, sentence: Sentence, index: int) -> str:
    word = sentence[index]
    bare = index and sentence[index - 1].tag == "IN" and word.tag == "NN"
    if bare and is_counted(word.lemma) and not _before_noun(sentence, index):
        return "no article after a preposition: a set phrase"
    if not is_abstract(wordnet, word.lemma):
        return ""
    for before in reversed(sentence[max(0, index - REACH) : index]):
        if before.tag.startswith("VB") and before.lemma in LIGHT:
            return f"makes one expression with {before.text!r}"
        if before.tag not in _BETWEEN:
            return ""
    return ""


def is_abstract(wordnet: WordNet, lemma: str) -> bool:
    """Tell whether a noun mostly names no thing that can be touched, nor a person or a place."""
    senses = wordnet.senses(lemma, "n")
    return sum(sense.share for sense in senses if sense.kind not in _CONCRETE) > 0.5
