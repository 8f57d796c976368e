"""WordNet's words, judged by how near an encoder finds them to the original in the sentence."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from watermark.substitution.candidates import Candidate, CandidateSettings, apply_threshold
from watermark.substitution.model_features import Encoder, Encoding, encode_surfaces
from watermark.substitution.sources.wordnet import describe
from watermark.substitution.target import Target
from watermark.substitution.wordnet import WordNet

Unit = Literal["context", "sbert"]
"""What is compared: the word in its context, or the whole sentence."""


@dataclass(frozen=True)
class SimilarSource:
    """The method `context` or `sbert` of the released LexiMark.

    Source: LexiMark (arXiv 2506.14474), official code at a26c05a. Ours differs: any encoder, read
    in batches; parts of speech, form and register are seen to; and `context` compares the vector of
    the word itself. There it is that of the word before it.
    """

    unit: Unit
    wordnet: WordNet
    encoder: Encoder
    least: float
    """Minimum cosine, in (-1, 1]."""

    def __post_init__(self) -> None:
        """Refuse a threshold that is no cosine."""
        if not -1 < self.least <= 1:
            raise ValueError(f"source {self.unit}: a cosine lies in (-1, 1], got {self.least}")

    @property
    def name(self) -> str:
        """What the option `--source` calls it."""
        return self.unit

    def candidates(
        self, targets: Sequence[Target], settings: CandidateSettings
    ) -> list[list[Candidate]]:
        """Return the candidates of each target with their cosine as score."""
        found = [
            [d.candidate for d in describe(self.wordnet, target, settings, source=self.unit)]
            for target in targets
        ]
        offered = [[c for c in some if not c.rejected] for some in found]
        asked = [(s, c.surface) for s, some in zip(targets, offered, strict=True) for c in some]
        encoded = iter(encode_surfaces(self.encoder, asked))
        judged: list[list[Candidate]] = []
        for some, offers in zip(found, offered, strict=True):
            cosines = [self._cosine(*next(encoded)) for _ in offers]
            judged.append(
                apply_threshold(offers, cosines, self.least) + [c for c in some if c.rejected]
            )
        return judged

    def _cosine(self, original: Encoding, other: Encoding) -> float:
        if self.unit == "context":
            return float(original.word @ other.word)
        return float(original.sentence @ other.sentence)
