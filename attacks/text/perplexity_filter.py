"""Drop the documents that a language model finds least likely."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from attacks.attack import CorpusAttack, check_fraction
from watermark.document import Document


@dataclass(frozen=True)
class PerplexityFilter(CorpusAttack):
    """Drops the share of the documents with the highest perplexity.

    Source: CCNet (Wenzek et al., LREC 2020), which keeps the head and the middle of three equal
    parts by the perplexity of a 5-gram model: a share of one third. Ours takes any model.
    """

    name: ClassVar[str] = "perplexity_filter"
    mean_logprobs: Callable[[Sequence[str]], Sequence[float]] = field(repr=False)
    """Mean log-probability of the tokens of each text."""
    share: float = 1 / 3
    """Share of the documents that is dropped, in [0, 1]."""

    def __post_init__(self) -> None:
        """Reject an invalid share."""
        check_fraction("share", self.share)

    def apply_all(
        self, documents: Sequence[Document], rng: np.random.Generator
    ) -> list[Document | None]:
        """Return the likelier documents; ties go by the order of the corpus."""
        scores = self.mean_logprobs([document.text for document in documents])
        order = np.argsort(np.asarray(scores, dtype=float), kind="stable")
        dropped = {int(index) for index in order[: round(self.share * len(documents))]}
        return [None if i in dropped else document for i, document in enumerate(documents)]
