"""Words of WordNet and of the list of exchangeable words, judged for the place.

WordNet's are those that share a sense with the word or come near one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal

from watermark.substitution.acceptability import AcceptabilityModel
from watermark.substitution.candidates import (
    Candidate,
    CandidateSettings,
    apply_threshold,
    inflect_candidate,
)
from watermark.substitution.features import Features, TargetSenses
from watermark.substitution.model_features import Models, model_features
from watermark.substitution.objections import place_objection, word_objection
from watermark.substitution.target import Target
from watermark.substitution.wordnet import WordNet

PRONOUNS = frozenset({"someone", "somebody", "something", "nothing", "one", "self"})
"""What WordNet lists as nouns, and no noun can give way to."""
FACETIOUS = frozenset({"mortal", "soul"})
"""Its synonyms of "person", and so broader words for everybody."""


Words = Literal["listed", "wordnet"]
"""Which words a source proposes; also its name. `listed` are the exchangeable words."""

MOST_KNOWN = 20_000
"""Judged words that are remembered."""


@dataclass(frozen=True, slots=True)
class Described:
    """A candidate with its features; without any if its form was rejected."""

    candidate: Candidate
    features: Features


def describe(
    wordnet: WordNet,
    target: Target,
    settings: CandidateSettings,
    words: Words = "wordnet",
    source: str = "",
) -> list[Described]:
    """Return the words for a place; those that may stand there come with their features.

    Args:
        wordnet: WordNet.
        target: A place in a text.
        settings: What a candidate must satisfy.
        words: Whose words: WordNet's, or those of the list of exchangeable words.
        source: Who the candidates are said to come from, if not `words`.
    """
    senses = TargetSenses(wordnet, target)
    lemmas = senses.lemmas if words == "wordnet" else senses.exchangeable
    found: list[Described] = []
    for lemma in lemmas:
        candidate = inflect_candidate(
            lemma, source or words, target, settings, rarer=words == "wordnet"
        )
        reason = candidate.rejected or (
            _objection(senses, lemma, candidate.surface)
            if words == "wordnet"
            else _failed(senses.exchangeable[lemma])
        )
        features = {} if reason else senses.features(lemma, candidate.surface)
        found.append(Described(replace(candidate, rejected=reason), features))
    return found


def _failed(condition: str) -> str:
    return f"exchangeable only with {condition}" if condition else ""


def _objection(senses: TargetSenses, lemma: str, surface: str) -> str:
    if lemma in PRONOUNS:
        return "a pronoun"
    if lemma in FACETIOUS:
        return "register: facetious"
    register = senses.register(lemma)
    if register:
        return f"register: {register}"
    if senses.says_less(lemma):
        return "says less: a broader word"
    if senses.names_action(lemma):
        return "says more: an action"
    word = senses.word
    return word_objection(senses.wordnet, word.lemma, word.pos, lemma, surface.lower())


@dataclass(frozen=True)
class WordNetSource:
    """Words for every sense of a word, with the chance of acceptance."""

    wordnet: WordNet
    acceptance: AcceptabilityModel
    """The regression without models."""
    words: Words = "wordnet"
    _known: dict[Any, list[Candidate]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def name(self) -> str:
        """What the option `--source` calls it."""
        return self.words

    def candidates(
        self, targets: Sequence[Target], settings: CandidateSettings
    ) -> list[list[Candidate]]:
        """Return the candidates of each target, the rejected ones with their reason."""
        return [self._of(target, settings) for target in targets]

    def _of(self, target: Target, settings: CandidateSettings) -> list[Candidate]:
        # Most sentences say nothing of a word's senses: then it is judged as it was before.
        key = (TargetSenses(self.wordnet, target).key, settings)
        if key not in self._known:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            described = describe(self.wordnet, target, settings, self.words)
            self._known[key] = self._judge(described, settings)
        return self._known[key]

    def _judge(self, found: Sequence[Described], settings: CandidateSettings) -> list[Candidate]:
        offered = [d for d in found if not d.candidate.rejected]
        probabilities = [self.acceptance.probability(d.features) for d in offered]
        rejected = [d.candidate for d in found if d.candidate.rejected]
        return (
            apply_threshold((d.candidate for d in offered), probabilities, settings.min_fit)
            + rejected
        )


@dataclass(frozen=True)
class ModelledWordNetSource:
    """The words of WordNet, judged with an encoder and a language model as well."""

    wordnet: WordNet
    acceptance: AcceptabilityModel
    """The regression with models."""
    models: Models
    screen: AcceptabilityModel
    """The regression without models."""
    name: ClassVar[str] = "wordnet"
    most_read: int = 6
    """How many words of a target are shown to the models: the best by `screen`."""
    screen_share: float = 0.45
    """A word is shown to them if its chance by `screen` is this share of the least chance wanted:
    of 131 words of Swords that the models let pass at .4, none had less than .169, and of 56 at
    .62 one had less than .3."""

    def candidates(
        self, targets: Sequence[Target], settings: CandidateSettings
    ) -> list[list[Candidate]]:
        """Return the candidates of each target, the rejected ones with their reason."""
        least = self.screen_share * settings.min_fit
        found = [self._screened(self._described(target, settings), least) for target in targets]
        offered = [[d for d in some if not d.candidate.rejected] for some in found]
        read = model_features(
            self.models, targets, [[d.candidate for d in some] for some in offered]
        )
        judged: list[list[Candidate]] = []
        for some, described, features in zip(found, offered, read, strict=True):
            probabilities = [
                self.acceptance.probability({"fast": self.screen.log_odds(d.features), **more})
                for d, more in zip(described, features, strict=True)
            ]
            rejected = [d.candidate for d in some if d.candidate.rejected]
            offers = (d.candidate for d in described)
            judged.append(apply_threshold(offers, probabilities, settings.min_fit) + rejected)
        return judged

    def _described(self, target: Target, settings: CandidateSettings) -> list[Described]:
        """Return the words of a place; those that it does not take are not read for nothing."""
        found: list[Described] = []
        for d in describe(self.wordnet, target, settings):
            offer = d.candidate
            reason = offer.rejected or place_objection(target, offer.lemma, offer.surface)
            found.append(Described(replace(offer, rejected=reason), {}) if reason else d)
        return found

    def _screened(self, found: Sequence[Described], least: float) -> list[Described]:
        """Return the described with all but the most promising rejected."""
        probability = {
            d.candidate.lemma: self.screen.probability(d.features)
            for d in found
            if not d.candidate.rejected
        }
        probability = {lemma: p for lemma, p in probability.items() if p >= least}
        read = sorted(probability, key=lambda lemma: (-probability[lemma], lemma))[: self.most_read]
        reason = f"not among the {self.most_read} best without models"
        if len(probability) < self.most_read:
            reason = f"fit below {least:.2g} without models"
        return [
            d
            if d.candidate.rejected or d.candidate.lemma in read
            else Described(replace(d.candidate, rejected=reason), {})
            for d in found
        ]
