"""Government: what a verb takes as its object. One is told, but a thing is said."""

from watermark.text.sentences import Word

TO_PEOPLE = frozenset(
    "advise assure convince inform instruct notify persuade remind tell".split()  # noqa: SIM905
)
"""Verbs whose object is a person."""
OF_THINGS = frozenset(
    """
    announce assert claim declare disclose divulge explain express maintain mention narrate propose
    remark report reveal say state suggest utter voice
    """.split()  # noqa: SIM905
)
"""Verbs whose object is what is said, and that name a person with "to" if at all."""


def government_objection(word: Word, lemma: str) -> str:
    """Return why a verb cannot take the object of the word it would replace; empty if it can."""
    if word.pos != "v":
        return ""
    if lemma in TO_PEOPLE and word.lemma not in TO_PEOPLE:
        return "government: wants a person as its object"
    if word.lemma in TO_PEOPLE and lemma in OF_THINGS:
        return "government: takes no person as its object"
    return ""
