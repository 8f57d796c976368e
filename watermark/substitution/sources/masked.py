"""Words that a masked language model puts in a place: lexical substitution as in the paper."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from watermark.substitution.candidates import (
    Candidate,
    CandidateSettings,
    checked,
    inflect_candidate,
)
from watermark.substitution.target import Target, TargetContext
from watermark.substitution.wordnet import WordNet
from watermark.text.inflection import lemma_of

Way = Literal["lexsub_dropout", "lexsub_concatenation"]
"""How the model is kept from naming the original: by a blurred embedding, or by a mask that stands
in a copy of the sentence that follows the sentence itself."""

PROPOSED: dict[Way, int] = {"lexsub_dropout": 16, "lexsub_concatenation": 20}
"""How many words the model is asked for."""
PROPOSAL_WEIGHT = 0.003
"""Weight of the proposal's log-probability relative to the similarity of the sentences."""

MOST = 5
"""How many words of a place are admissible unless another number is given."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A word that the model puts in a place."""

    word: str
    score: float
    """log P(word) - log(1 - P(original)), in nats; higher is likelier."""


class MaskedModel(Protocol):
    """A masked language model."""

    def propose(self, contexts: Sequence[TargetContext], way: Way, n: int) -> list[list[Proposal]]:
        """Return n whole words for the place of each passage, the likeliest first."""

    def likeness(self, pairs: Sequence[tuple[TargetContext, TargetContext]]) -> list[float]:
        """Return for each original and substitute how alike their contexts are, in [-1, 1]."""


@dataclass(frozen=True)
class MaskedSource:
    """The methods `lexsub_dropout` and `lexsub_concatenation` of the LexiMark paper.

    A word is scored by the likeness of the sentence with it to the sentence without, plus 0.003
    times its proposal score.

    Source: LexiMark (arXiv 2506.14474), official code at a26c05a; Zhou et al., "BERT-based lexical
    substitution" (ACL 2019), for dropout and both scores. Ours differs: the released code reads
    the proposal score at the wrong index and lets dropout add up over its five runs; and words of
    another part of speech, antonyms and wrong forms are rejected for both ways.
    """

    way: Way
    wordnet: WordNet
    model: MaskedModel
    most: int = MOST
    """How many words of a place are admissible, the best by score."""

    def __post_init__(self) -> None:
        """Refuse a number that would silently leave every word as it was."""
        if self.most < 1:
            raise ValueError(f"source {self.way}: wanted 1 word or more, got {self.most}")

    @property
    def name(self) -> str:
        """What the option `--source` calls it."""
        return self.way

    def candidates(
        self, targets: Sequence[Target], settings: CandidateSettings
    ) -> list[list[Candidate]]:
        """Return the candidates of each target, the rejected ones with their reason."""
        originals = [target.sentence_with(target.word.text) for target in targets]
        proposed = self.model.propose(originals, self.way, PROPOSED[self.way])
        shaped = [
            self._shape(target, proposals, settings)
            for target, proposals in zip(targets, proposed, strict=True)
        ]
        asked = [
            (original, target.sentence_with(candidate.surface))
            for original, target, some in zip(originals, targets, shaped, strict=True)
            for candidate in some
            if not candidate.rejected
        ]
        likeness = iter(self.model.likeness(asked))
        return [
            self._best(
                [
                    c
                    if c.rejected
                    else replace(c, score=next(likeness) + PROPOSAL_WEIGHT * c.score)
                    for c in some
                ]
            )
            for some in shaped
        ]

    def _best(self, found: Sequence[Candidate]) -> list[Candidate]:
        """Reject all but the best of those that are not rejected yet."""
        ranked = sorted((c for c in found if not c.rejected), key=lambda c: (-c.score, c.lemma))
        reason = f"not among the {self.most} best"
        return [
            *ranked[: self.most],
            *(replace(c, rejected=reason) for c in ranked[self.most :]),
            *(replace(c, score=0.0) for c in found if c.rejected),
        ]

    def _shape(
        self, target: Target, proposals: Sequence[Proposal], settings: CandidateSettings
    ) -> list[Candidate]:
        """Return each proposed lemma once, in the form of the place, with its proposal score."""
        word = target.word
        best: dict[str, float] = {}
        for proposal in proposals:
            best.setdefault(lemma_of(proposal.word.lower(), word.pos), proposal.score)
        found = []
        for lemma, score in best.items():
            candidate = replace(inflect_candidate(lemma, self.name, target, settings), score=score)
            if not candidate.rejected and not self.wordnet.senses(lemma, word.pos):
                candidate = replace(candidate, rejected="another part of speech, or no word")
            found.append(candidate)
        return checked(self.wordnet, target, found, settings)
