"""WordNet: senses, the words that share them, fixed phrases. The only user of NLTK."""

import re
import warnings
from dataclasses import dataclass
from functools import lru_cache
from math import sqrt
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from watermark.errors import AssetError
from watermark.substitution.opposites import are_opposed, negates
from watermark.substitution.registers import register_of
from watermark.substitution.wordnet_files import read_counts, read_version

if TYPE_CHECKING:
    from nltk.corpus.reader.wordnet import Synset, WordNetCorpusReader

_RELATING = re.compile("(of or )?relating to|concerned with|of or belonging to")

Relation = Literal["same", "similar", "broader"]
"""How the words of a synset stand to a sense: they share it, or come near it, or say less."""


@dataclass(frozen=True, slots=True)
class Link:
    """A synset that a sense leads to, its own among them."""

    relation: Relation
    sense: str
    """Name of the synset."""
    words: tuple[str, ...]
    """Its single words, without the lemma that was looked up."""
    breadth: int
    """How many kinds WordNet has of what a broader word means; 0 for the other relations."""


@dataclass(frozen=True, slots=True)
class Sense:
    """One meaning of a lemma."""

    name: str
    """WordNet's name of the synset, for example `buy.v.01`."""
    share: float
    """How much of the lemma's use is of this sense, in (0, 1]; shares of a lemma add up to 1."""
    count: int
    """How often the lemma has this sense in the sense-tagged corpora that come with WordNet."""
    links: tuple[Link, ...]
    """Where the words are that may stand for it; the first is the synset itself."""
    frames: frozenset[int]
    """WordNet's numbers of the sentence frames that a verb has in this sense."""
    register: str
    """WordNet's word for a use that is not plain ("slang"), of the synset or this word of it."""
    kind: str
    """What the lexicographers' file it stands in is called, for example `noun.person`."""

    @property
    def synonyms(self) -> tuple[str, ...]:
        """Return the single words that share the sense."""
        return self.links[0].words


@dataclass(frozen=True, slots=True)
class Relatedness:
    """What WordNet knows of a word that might stand for another, whatever the sentence."""

    senses: dict[str, tuple[int, Sense]]
    """The senses of the other word by name, each with its place among them."""
    common: int
    """How many words both lead to."""
    cosine: float
    """The same as a share: of the geometric mean of how many each leads to."""
    pos_share: float
    """How much of the other word's use is as this part of speech."""


class WordNet:
    """WordNet 3.0, read from a folder; look-ups are kept."""

    def __init__(self, folder: Path) -> None:
        """Open the database.

        Args:
            folder: The folder that holds `data.noun` and its sisters; NLTK wants it to be called
                `corpora/wordnet`.

        Raises:
            AssetError: The folder does not hold WordNet, or NLTK refuses to read it.
        """
        import nltk

        root = str(folder.parent.parent)
        if root not in nltk.data.path:  # NLTK reads nothing outside its path
            nltk.data.path.append(root)
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", "The multilingual functions")
                self._reader = _open_reader(folder)
        except (OSError, LookupError) as error:
            raise AssetError(
                f"WordNet cannot be read from {folder} ({error}): run `leximark assets`"
            ) from error
        self.version = read_version(folder)
        self._phrases = frozenset(
            name.replace("_", " ") for name in self._reader.all_lemma_names() if "_" in name
        )
        self._counts = read_counts(folder)
        self._glosses: dict[str, frozenset[str]] = {}
        self._senses: dict[tuple[str, str], tuple[Sense, ...]] = {}
        self._neighbours: dict[tuple[str, str], frozenset[str]] = {}
        self._relatedness: dict[tuple[str, str, str], Relatedness] = {}
        self._domains: dict[tuple[str, str], frozenset[str]] = {}
        self._above: dict[str, frozenset[str]] = {}
        self._opposed: dict[tuple[str, str, str], bool] = {}
        self._pos_shares: dict[str, dict[str, float]] = {}

    def is_phrase(self, words: str) -> bool:
        """Tell whether several words, lower case, are an entry of their own ("take place")."""
        return words in self._phrases

    def senses(self, lemma: str, pos: str) -> tuple[Sense, ...]:
        """Return the senses of a lemma, the commonest first.

        The share of a sense is its count in the sense-tagged corpora that come with WordNet,
        smoothed by the rank that the lexicographers gave it.
        """
        key = (lemma, pos)
        if key not in self._senses:
            self._senses[key] = self._look_up(lemma, pos)
        return self._senses[key]

    def neighbours(self, lemma: str, pos: str) -> frozenset[str]:
        """Return all words that the senses of a lemma lead to."""
        key = (lemma, pos)
        if key not in self._neighbours:
            links = [link for sense in self.senses(lemma, pos) for link in sense.links]
            self._neighbours[key] = frozenset(word for link in links for word in link.words)
        return self._neighbours[key]

    def relatedness(self, lemma: str, other: str, pos: str) -> Relatedness:
        """Return what is known of another word that might stand for a lemma."""
        key = (lemma, other, pos)
        if key not in self._relatedness:
            mine, theirs = self.neighbours(lemma, pos), self.neighbours(other, pos)
            common = len(mine & theirs)
            self._relatedness[key] = Relatedness(
                {sense.name: (rank, sense) for rank, sense in enumerate(self.senses(other, pos))},
                common,
                common / sqrt(max(1, len(mine) * len(theirs))),
                self.pos_share(other, pos),
            )
        return self._relatedness[key]

    def pos_share(self, lemma: str, pos: str) -> float:
        """Return how much of a lemma's use is as this part of speech, in [0, 1].

        "bushel" can mean to repair, but nearly always is a noun.
        """
        if lemma not in self._pos_shares:
            uses = {
                pos: 0.5 + sum(sense.count for sense in self.senses(lemma, pos))
                for pos in "nvar"
                if self.senses(lemma, pos)
            }
            total = sum(uses.values())
            self._pos_shares[lemma] = {p: use / total for p, use in uses.items()}
        return self._pos_shares[lemma].get(pos, 0.0)

    def gloss(self, sense: str) -> frozenset[str]:
        """Return the words of a sense's definition and examples and of the senses around it.

        Args:
            sense: WordNet's name of it.
        """
        if sense not in self._glosses:
            self._glosses[sense] = _gloss(self._reader.synset(sense))
        return self._glosses[sense]

    def kind(self, sense: str) -> str:
        """Return the lexicographers' file that a sense stands in, for example `noun.person`."""
        return str(self._reader.synset(sense).lexname())

    def subjects(self, sense: str) -> frozenset[str]:
        """Return the subjects of which a sense is a term, such as "law"."""
        domains = self._reader.synset(sense).topic_domains()
        return frozenset(domain.name().partition(".")[0] for domain in domains)

    def above(self, sense: str) -> frozenset[str]:
        """Return the names of a sense and of all that are broader."""
        if sense not in self._above:
            synset = self._reader.synset(sense)
            self._above[sense] = frozenset(s.name() for p in synset.hypernym_paths() for s in p)
        return self._above[sense]

    def classifies(self, adjective: str) -> bool:
        """Tell whether an adjective says to what its noun belongs ("comic"), not how it is."""
        return any(
            synset.lexname() == "adj.pert" or _RELATING.match(synset.definition())
            for synset in self._reader.synsets(adjective, "a")
        )

    def antonyms(self, lemma: str, pos: str) -> frozenset[str]:
        """Return the words that a sense of a lemma is directly opposed to."""
        synsets = self._reader.synsets(lemma, pos)
        own = [found for synset in synsets for found in synset.lemmas() if found.name() == lemma]
        return frozenset(other.name() for found in own for other in found.antonyms())

    def domains(self, lemma: str, pos: str) -> frozenset[str]:
        """Return the subjects in which a word is a term in some sense: law, chemistry, ..."""
        key = (lemma, pos)
        if key not in self._domains:
            synsets = self._reader.synsets(lemma, pos)
            self._domains[key] = frozenset(d.name() for s in synsets for d in s.topic_domains())
        return self._domains[key]

    def opposed(self, lemma: str, other: str, pos: str) -> bool:
        """Tell whether two words are antonyms, in whatever senses and however indirectly."""
        key = (lemma, other, pos)
        if key not in self._opposed:
            mine, theirs = self._reader.synsets(lemma, pos), self._reader.synsets(other, pos)
            opposed = are_opposed(lemma, mine, other, theirs)
            self._opposed[key] = negates(lemma, other) or opposed
        return self._opposed[key]

    def _count(self, synset: "Synset", lemma: str) -> int:
        own = [found for found in synset.lemmas() if found.name() == lemma]
        return sum(self._counts.get(found.key(), 0) for found in own)

    def _look_up(self, lemma: str, pos: str) -> tuple[Sense, ...]:
        synsets = [s for s in self._reader.synsets(lemma, pos) if lemma in s.lemma_names()]
        counts = [self._count(synset, lemma) for synset in synsets]
        weights = [count + 1.0 / (rank + 1) ** 2 for rank, count in enumerate(counts)]
        total = sum(weights)
        return tuple(
            Sense(
                synset.name(),
                weight / total,
                counts[rank],
                _links(synset, lemma),
                _frames(synset, lemma),
                register_of(synset, lemma),
                synset.lexname(),
            )
            for rank, (synset, weight) in enumerate(zip(synsets, weights, strict=True))
        )


def _open_reader(folder: Path) -> "WordNetCorpusReader":
    from nltk.corpus.reader.wordnet import WordNetCorpusReader

    # Mapping synsets to other versions takes two seconds and serves other languages alone.
    return type("Reader", (WordNetCorpusReader,), {"map_wn": lambda self: None})(str(folder), None)


def _gloss(synset: "Synset") -> frozenset[str]:
    related = [*synset.hypernyms(), *synset.hyponyms(), *synset.similar_tos()]
    text = [synset.definition(), *synset.examples()]
    text += [name for s in [synset, *related] for name in s.lemma_names()]
    text += [s.definition() for s in synset.hypernyms()]
    words = " ".join(text).replace("_", " ").lower().split()
    return frozenset(_stem(word.strip("();,.:'\"`")) for word in words)


def _links(synset: "Synset", lemma: str) -> tuple[Link, ...]:
    related: list[tuple[Relation, Synset]] = [("same", synset)]
    related += [("similar", near) for near in synset.similar_tos()]
    related += [("broader", above) for above in synset.hypernyms()]
    return tuple(
        Link(
            relation,
            other.name(),
            tuple(n for n in other.lemma_names() if n != lemma and n.isalpha() and n.islower()),
            _n_kinds(other) if relation == "broader" else 0,
        )
        for relation, other in related
    )


def _n_kinds(synset: "Synset") -> int:
    # hyponyms() would read each of them from disk; "person" has hundreds.
    return len(synset._pointers.get("~", ()))


def _frames(synset: "Synset", lemma: str) -> frozenset[int]:
    own = [found.frame_ids() for found in synset.lemmas() if found.name() == lemma]
    return frozenset(number for numbers in own for number in numbers)


@lru_cache(maxsize=100_000)
def _stem(word: str) -> str:
    """Cut the commonest endings, so that a gloss meets the sentence halfway."""
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word


def stems(words: "set[str] | frozenset[str]") -> frozenset[str]:
    """Return the words as they are compared with a gloss."""
    return frozenset(_stem(word.lower()) for word in words)
