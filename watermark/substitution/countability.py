"""Number: what may be counted, what may not, and what is plural by itself."""

from functools import lru_cache

from watermark.text.inflection import inflect_lemma, lemma_of
from watermark.text.rarity import rarity_bits
from watermark.text.sentences import Sentence

COUNTING = frozenset({"a", "an", "another", "each", "either", "every", "neither", "one"})
"""Determiners that only a singular noun which can be counted follows."""
MEASURING = frozenset({"little", "less", "much"})
"""Determiners that only a noun which cannot be counted follows."""
INVARIANT = frozenset(
    """
    aircraft crossroads deer fish headquarters hovercraft means offspring series sheep spacecraft
    species watercraft
    """.split()  # noqa: SIM905
)
"""Nouns that are counted though their plural looks like their singular."""
PLURAL_ONLY = frozenset(
    """
    arms belongings cattle clergy clothes congratulations earnings folk gentry goods groceries kine
    nuptials outskirts oxen pants people personnel police poultry premises proceeds remains riches
    scissors shorts spectacles surroundings thanks tidings trousers vermin wages
    """.split()  # noqa: SIM905
)
"""Nouns that take a plural verb and no "a", as they stand."""
MOST_PLURAL_BITS = 6.0
"""A noun whose plural is 64 times as rare as its singular is not counted as a rule."""
LEAST_MASS_BITS = 2.0
"""A noun whose plural is less than 4 times as rare as its singular cannot stand bare as a rule."""
_SINGULAR_ENDS = ("ss", "us", "is", "os", "as", "ics")
"""Ends of nouns in -s that are singular: "chaos" and "physics", not "suds"."""
_BEFORE_NOUN = frozenset({"JJ", "JJR", "JJS", "RB", "RBR", "RBS", "VBN", "VBG", "NN", "CC", ","})
_DETERMINERS = frozenset({"DT", "PRP$", "POS", "CD", "WDT", "WP$", "PDT"})


@lru_cache(maxsize=100_000)
def plural_bits(lemma: str) -> float | None:
    """Return by how many bits a noun's plural is rarer than its singular; None without plural."""
    if lemma in INVARIANT:
        return 0.0
    plural = inflect_lemma(lemma, "NNS")
    if not plural or plural == lemma:
        return None
    return rarity_bits(plural) - rarity_bits(lemma)


@lru_cache(maxsize=100_000)
def is_plural(lemma: str) -> bool:
    """Tell whether a noun is plural as it stands, such as "oxen", "cattle" or "pickings"."""
    if lemma in INVARIANT:
        return False
    has_no_singular = (
        lemma.endswith("s") and not lemma.endswith(_SINGULAR_ENDS) and plural_bits(lemma) is None
    )
    return lemma in PLURAL_ONLY or has_no_singular or lemma_of(lemma, "n") != lemma


def is_counted(lemma: str) -> bool:
    """Tell whether a noun has a plural that is not much rarer than its singular."""
    bits = plural_bits(lemma)
    return bits is not None and bits <= MOST_PLURAL_BITS


def number_objection(sentence: Sentence, index: int, lemma: str) -> str:
    """Return why a noun cannot have the number that its place requires; empty if it can."""
    word = sentence[index]
    if word.tag not in {"NN", "NNS"}:
        return ""
    if word.tag == "NNS" and word.text.lower() == word.lemma and not is_plural(word.lemma):
        return "number: the word may be singular"
    if word.tag == "NNS":
        return "" if is_counted(lemma) and not is_plural(lemma) else "number: hardly ever plural"
    if is_plural(lemma):
        return "number: plural by itself"
    before = _determiner(sentence, index)
    if word.lemma in INVARIANT and before not in COUNTING:
        return "number: the word may be plural"
    if before in COUNTING and not is_counted(lemma):
        return "number: cannot be counted"
    if before in MEASURING or (not before and _is_mass(word.lemma)):
        return "" if _is_mass(lemma) else "number: cannot stand without an article"
    return ""


def _is_mass(lemma: str) -> bool:
    bits = plural_bits(lemma)
    return bits is None or bits >= LEAST_MASS_BITS


def _determiner(sentence: Sentence, index: int) -> str:
    """Return the determiner of a noun, lower case, or nothing if it stands bare."""
    for word in reversed(sentence[:index]):
        text = word.text.lower()
        if text in COUNTING | MEASURING or word.tag in _DETERMINERS:
            return text
        if word.tag not in _BEFORE_NOUN:
            return ""
    return ""
