"""What can be said of a candidate without a model: sense, use, form, frame, rarity.

Each feature is a number; `watermark.substitution.acceptability` weighs them. All follow from the
text and from public tables.
"""

from functools import cached_property
from math import exp, log, log1p, sqrt

from watermark.substitution.exchangeable import exchangeable
from watermark.substitution.target import Target
from watermark.substitution.thesaurus_evidence import thesaurus_evidence
from watermark.substitution.wordnet import Sense, WordNet, stems
from watermark.text.inflection import lemma_of
from watermark.text.rarity import rarity_bits
from watermark.text.sentences import Sentence, Word

LESK_WEIGHT = 0.15
"""How much a bit of overlap between sentence and gloss weighs against the share of a sense."""

# Sentence frames by what comes after the verb, as WordNet numbers them (wninput(5WN)).
_FRAMES = {
    "object": frozenset({5, 8, 9, 10, 11, 14, 15, 16, 17, 18, 19, 20, 21, 24, 25, 30, 31}),
    "clause": frozenset({26, 29, 34}),
    "infinitive": frozenset({24, 25, 28, 32}),
    "none": frozenset({1, 2, 3, 4, 12, 13, 22, 23, 27, 33, 35}),
}

Features = dict[str, float]


def sense_shares(
    wordnet: WordNet, word: Word, context: frozenset[str]
) -> list[tuple[Sense, float]]:
    """Return the senses of a word with their shares in this context, adding up to 1.

    The prior share of a sense, times an exponential of the rarity of the words that the sentence
    and the gloss have in common.

    Source: M. Lesk, "Automatic sense disambiguation using machine readable dictionaries", SIGDOC
    1986, in the form with a frequency prior.
    """
    senses = wordnet.senses(word.lemma, word.pos)
    weights = [
        sense.share * exp(LESK_WEIGHT * sum(map(_information, wordnet.gloss(sense.name) & context)))
        for sense in senses
    ]
    total = sum(weights)
    return [(sense, weight / total) for sense, weight in zip(senses, weights, strict=True)]


def _information(stem: str) -> float:
    """Bits that a shared word is worth: none for the commonest words."""
    return max(0.0, min(rarity_bits(stem), 20.0) - 9.0)


def context_of(word: Word, sentence: Sentence) -> frozenset[str]:
    """Return the content words around a word, as glosses are compared with them."""
    around = {other.lemma for other in sentence if other.pos and other.start != word.start}
    return stems(around)


class TargetSenses:
    """The senses of a target word, and all words reachable from them."""

    def __init__(self, wordnet: WordNet, target: Target) -> None:
        self.wordnet = wordnet
        self.word = target.word
        self.shares = sense_shares(wordnet, target.word, context_of(target.word, target.sentence))
        self.exchangeable = exchangeable(target)
        """Lemmas of the list of exchangeable words, each with the condition that fails here."""

    @property
    def key(self) -> tuple[object, ...]:
        """Return all that the features of a candidate follow from: equal keys, equal features."""
        word = self.word
        how = (word.text, word.lemma, word.tag, word.pos, word.complement, bool(word.preposition))
        return (*how, *self.exchangeable.values(), *(share for _, share in self.shares))

    @cached_property
    def lemmas(self) -> tuple[str, ...]:
        """Return the words, each once, in WordNet's order."""
        words = [w for sense, _ in self.shares for link in sense.links for w in link.words]
        return tuple(dict.fromkeys(words))

    def register(self, lemma: str) -> str:
        """Return the register of a word in its senses here; empty if it is plain."""
        links = {link.sense for sense, _ in self.shares for link in sense.links}
        for sense in self.wordnet.senses(lemma, self.word.pos):
            if sense.register and sense.name in links:
                return sense.register
        return ""

    def says_less(self, lemma: str) -> bool:
        """Tell whether a word is a broader one for what is likeliest meant here."""
        shares = dict.fromkeys(("same", "similar", "broader"), 0.0)
        for sense, share in self.shares:
            for link in sense.links:
                if lemma in link.words:
                    shares[link.relation] += share
        return shares["broader"] > shares["same"] + shares["similar"]

    def names_action(self, lemma: str) -> bool:
        """Tell whether a word says what someone does where the adjective says how he is.

        WordNet has "laughing" near "happy"; "amazing" shares a sense with "astonishing".
        """
        if self.word.pos != "a" or not lemma.endswith("ing") or lemma_of(lemma, "v") == lemma:
            return False
        return not any(lemma in sense.synonyms for sense, _ in self.shares)

    def features(self, lemma: str, surface: str) -> Features:
        """Describe a word that might stand here; it need not be one of `lemmas`.

        Args:
            lemma: The word, lower case.
            surface: The word in the form that the place asks for.
        """
        kin = self.wordnet.relatedness(self.word.lemma, lemma, self.word.pos)
        own = kin.senses
        found: Features = dict.fromkeys(("same", "similar", "broader"), 0.0)
        fit = near = uses = count = breadth = narrower = 0.0
        rank = own_rank = 0.0
        frames: set[int] = set()
        for place, (sense, share) in enumerate(self.shares):
            for link in sense.links:
                if lemma not in link.words:
                    continue
                position, shared = own.get(link.sense, (9, None))
                use = shared.share if shared else 0.0
                found[link.relation] += share
                breadth = max(breadth, log1p(link.breadth))
                fit += share * sqrt(use) * (link.relation == "same")
                near += share * sqrt(use)
                uses += use
                count += shared.count if shared else 0
                narrower += share * (link.relation == "similar" and ".s." in link.sense)
                frames |= shared.frames if shared else frozenset()
                rank = max(rank, 1 / (1 + place))
                own_rank = max(own_rank, 1 / (1 + position))
        return {
            **found,
            "fit": fit,
            "near": near,
            "narrower": narrower,
            "own_use": min(uses, 1.0),
            "count": log1p(count),
            "breadth": breadth,
            "rank": rank,
            "own_rank": own_rank,
            "exchangeable": float(self.exchangeable.get(lemma) == ""),
            "part_of_speech": kin.pos_share,
            "senses": log(max(1, len(self.shares))),
            "own_senses": log(max(1, len(own))),
            "top_sense": max((share for _, share in self.shares), default=0.0),
            "other_frame": self._other_frame(frames),
            "preposition": float(bool(self.word.preposition)),
            "noun": float(self.word.pos == "n"),
            "verb": float(self.word.pos == "v"),
            "adverb": float(self.word.pos == "r"),
            "common": log1p(kin.common),
            **self._exchange(lemma, own),
            "cosine": kin.cosine,
            **self._rarity(surface),
        }

    def _exchange(self, lemma: str, own: dict[str, tuple[int, Sense]]) -> Features:
        """Tell how far the two words can be exchanged whatever the sentence, both ways."""
        mine = self.wordnet.senses(self.word.lemma, self.word.pos)
        use = sum(sense.share for sense in mine if sense.name in own)
        shared = {sense.name for sense in mine} & set(own)
        own_shared = sum(own[name][1].share for name in shared)
        words = [(rank, sense.synonyms) for rank, sense in own.values()]
        first = next((synonyms for rank, synonyms in words if rank == 0), ())
        moby = thesaurus_evidence(self.word.lemma, lemma)
        return {
            "shared_senses": float(len(shared)),
            "shared_use": use,
            "own_shared_use": own_shared,
            "both_shared_use": sqrt(use * own_shared),
            "back_in_first": float(self.word.lemma in first),
            "back_first": float(first[:1] == (self.word.lemma,)),
            "listed": float(moby.listed),
            "lists": float(moby.lists),
            "alike": moby.alike,
        }

    def _other_frame(self, frames: set[int]) -> float:
        """Tell whether the senses of a verb do not take what comes after the word here."""
        wanted = _FRAMES.get(self.word.complement)
        return float(bool(wanted and frames and not wanted & frames))

    def _rarity(self, surface: str) -> Features:
        bits, own_bits = rarity_bits(surface), rarity_bits(self.word.text)
        return {
            "bits": bits,
            "rarer_bits": bits - own_bits,
            "obscure_bits": max(0.0, bits - 17),
            "much_rarer_bits": max(0.0, bits - own_bits - 4),
        }
