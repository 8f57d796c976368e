"""What a noun is a kind of, where the wrong kind makes a sentence false: people, diseases, courts.

Two words for a person, a species or an organ of state are hardly ever the same in law or in fact,
even if WordNet lists them together.
"""

from watermark.substitution.wordnet import WordNet

MOST_USE = 0.3
"""Share of a noun's use above which it is a name for people, or for no kind of thing at all."""
MOST_TECHNICAL = 0.5
"""Share of what two words have in common above which they are terms that must not be exchanged."""
_USES = {"noun.person": "names people", "noun.Tops": "says next to nothing"}
_FILES = {
    "noun.person": "names people",
    "noun.animal": "names a species",
    "noun.plant": "names a species",
    "noun.body": "names a part of the body",
    "noun.substance": "names a material",
}
_ROOTS = {
    "ill_health.n.01": "names a disease",
    "physical_condition.n.01": "names a disease",
    "symptom.n.01": "names a disease",
    "agency.n.01": "names an organ of state",
    "assembly.n.04": "names an organ of state",
    "department.n.01": "names an organ of state",
    "government.n.01": "names an organ of state",
    "crime.n.01": "a term of law",
    "legal_document.n.01": "a term of law",
    "proceeding.n.01": "a term of law",
}
_SUBJECTS = frozenset(
    """
    accounting anatomy architecture astronomy biology botany catholicism chemistry christianity
    finance genetics geology government judaism jurisprudence law linguistics mathematics medicine
    military music navigation nautical_term ordnance pathology philosophy physics physiology
    politics psychiatry psychology religion statistics sport theology zoology
    """.split()  # noqa: SIM905
)
"""Subjects with terms of their own; "commerce" is not one, since "buy" is everybody's word."""


def kind_objection(wordnet: WordNet, original: str, pos: str, lemma: str) -> str:
    """Return what kind of thing or subject forbids the replacement; empty if none does.

    Args:
        wordnet: WordNet.
        original: The lemma that would be replaced.
        pos: Its part of speech.
        lemma: The word that would be put in.
    """
    if pos == "n":
        for kind, reason in _USES.items():
            if use_share(wordnet, lemma, kind) > MOST_USE:
                return reason
    shares: dict[str, float] = {}
    total = 0.0
    for sense in wordnet.senses(original, pos):
        linked = [link.sense for link in sense.links if lemma in link.words]
        total += sense.share if linked else 0.0
        for reason in {_technical(wordnet, name) for name in linked} - {""}:
            shares[reason] = shares.get(reason, 0.0) + sense.share
    worst = max(shares, key=lambda reason: shares[reason], default="")
    return worst if worst and shares[worst] > MOST_TECHNICAL * total else ""


def _technical(wordnet: WordNet, sense: str) -> str:
    """Return why a sense is not to be named by another word, or nothing."""
    if subjects := wordnet.subjects(sense) & _SUBJECTS:
        return f"a term of {min(subjects)}"
    if reason := _FILES.get(wordnet.kind(sense), ""):
        return reason
    above = wordnet.above(sense)
    return next((reason for root, reason in _ROOTS.items() if root in above), "")


def use_share(wordnet: WordNet, lemma: str, kind: str) -> float:
    """Return how much of a noun's use is for a kind of thing, in [0, 1].

    Args:
        wordnet: WordNet.
        lemma: The noun.
        kind: The name of a lexicographers' file; `noun.Tops` has "thing", "person", "object".
    """
    senses = wordnet.senses(lemma, "n")
    return sum(sense.share for sense in senses if sense.kind == kind)
