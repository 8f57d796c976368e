"""The register of a word by WordNet: its usage domains, and what its definitions say of its use."""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nltk.corpus.reader.wordnet import Synset

REGISTERS = frozenset(
    {"archaism", "colloquialism", "dialect", "disparagement", "ethnic_slur", "obscenity", "slang"}
)
"""WordNet's usage domains that a writer must choose himself."""

_SAID = {
    "disparagement": "offensive|offensively|derogatory|disparaging|disparagingly|pejorative|"
    "insulting|contemptuous|contempt",
    "obscenity": "obscene|vulgar|taboo",
    "ethnic_slur": "slur",
    "slang": "slang",
    "colloquialism": "informal|informally|colloquial|colloquially|humorous|facetious",
    "dialect": "dialect|dialectal|nonstandard",
    "archaism": "archaic|obsolete|old-fashioned|poetic|formerly",
}
"""Words of definitions by the usage domain that they stand for."""
_LABELS = {
    # "(informal) ...", and "derogatory term for ...": not "an informal conversation".
    name: re.compile(
        rf"\([^)]*\b({words})\b[^)]*\)"
        rf"|\b({words})\b[\w ,]* (terms?|words?|names?|expressions?|synonyms?|slur) "
        rf"|^({words}) (for|of|usage)\b"
        rf"|\bused ({words})\b"
    )
    for name, words in _SAID.items()
}


def register_of(synset: "Synset", lemma: str) -> str:
    """Return the usage domain of a word in a sense, or nothing if it is plain."""
    domains = list(synset.usage_domains())
    for found in synset.lemmas():
        if found.name() == lemma:
            domains += [domain.synset() for domain in found.usage_domains()]
    names = {name for domain in domains for name in domain.lemma_names()} & REGISTERS
    definition = synset.definition().lower()
    names |= {name for name, label in _LABELS.items() if label.search(definition)}
    return min(names, default="")
