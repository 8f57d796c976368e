"""The conjunction "that" after verbs of saying: said that he, said he."""

from collections.abc import Iterator

from watermark.text.sentences import Sentence
from watermark.variants.variant import Variant, children, follows_by_a_space, lower

VERBS = frozenset(
    """
    add admit agree argue believe claim deny fear feel hope insist say think warn
    """.split()  # noqa: SIM905
)
"""Lemmas of verbs after which good writers do both."""
BEFORE_NOUNS = frozenset({"say", "think"})
"""After the others a noun without "that" is first read as the object: "believed the man lied"."""
PRONOUNS = frozenset({"i", "he", "she", "they", "we", "there"})
"""Subjects that cannot be taken for an object."""
_SUBJECTS = frozenset({"nsubj", "nsubjpass", "expl"})


def that_clauses(sentence: Sentence, text: str) -> Iterator[Variant]:
    """Yield verbs of saying that a statement follows, with "that" or without."""
    for i, verb in enumerate(sentence[:-2]):
        if verb.lemma not in VERBS or verb.pos != "v" or verb.tag in {"VBG", "VB"}:
            continue
        conjunction = int(lower(sentence, i + 1) == "that" and sentence[i + 1].relation == "mark")
        first = i + 1 + conjunction
        clause = _clause(sentence, i, first)
        if clause is None or not _is_plain(sentence, i, clause, conjunction):
            continue
        if not _reads_well(sentence, i, first):
            continue
        spaced = (
            follows_by_a_space(one, other, text)
            for one, other in zip(sentence[i:first], sentence[i + 1 : first + 1], strict=True)
        )
        if all(spaced):
            pair = f"{verb.text.lower()} (that) {lower(sentence, first)}"
            yield Variant(verb.start, (verb.text, f"{verb.text} that"), conjunction, pair)


def _clause(sentence: Sentence, verb: int, first: int) -> int | None:
    """Return the verb of the statement whose subject begins at `first`, or None."""
    subject = first
    while sentence[subject].relation not in _SUBJECTS:  # "the old man": up to the noun
        head = sentence[subject].head
        if head <= subject or head - first > 3:
            return None
        subject = head
    clause = sentence[subject].head
    is_statement = sentence[clause].relation == "ccomp" and sentence[clause].head == verb
    return clause if is_statement and clause > subject else None


def _is_plain(sentence: Sentence, verb: int, clause: int, conjunction: int) -> bool:
    """Tell a statement from a question, a parenthesis, and several statements side by side."""
    subjects = [c for c in children(sentence, verb) if sentence[c].relation in _SUBJECTS]
    if not subjects or max(subjects) > verb or sentence[verb].relation in {"relcl", "parataxis"}:
        return False
    if lower(sentence, verb - 1) in {"as", ","}:
        return False
    own = children(sentence, clause)
    if any(sentence[c].relation == "conj" for c in own) and conjunction:
        return False
    if any(sentence[c].tag in {"WP", "WRB", "WDT"} for c in own):
        return False
    marks = [c for c in own if sentence[c].relation == "mark"]
    return marks == ([verb + 1] if conjunction else [])


def _reads_well(sentence: Sentence, verb: int, first: int) -> bool:
    """Tell whether the subject of the statement is not taken for something else without "that"."""
    subject = lower(sentence, first)
    if subject in PRONOUNS:
        return True
    if sentence[verb].lemma not in BEFORE_NOUNS or subject in {"that", "this", "these", "those"}:
        return False
    if sentence[first].tag == "NNP":  # "said Monday", "said Mr Smith"
        return sentence[first].entity in {"GPE", "ORG"}
    return sentence[first].entity not in {"DATE", "TIME"} and subject != "so"
