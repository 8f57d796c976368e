"""PAC: distance between likely and unlikely tokens, compared with shuffled copies."""

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from membership.detector import Detector, UnscoredError
from membership.detectors.min_k import mean_of_lowest
from membership.traces.trace import Query, Trace
from watermark.document import Document

_FAR, _LOCAL = 0.05, 0.3
_WORD = re.compile(r"\S+")


@dataclass(frozen=True)
class Pac(Detector):
    """Mean polarized distance of copies with swapped words minus that of the text.

    The polarized distance is the mean log-probability of the likeliest 5 % of the tokens minus
    that of the least likely 30 %. Swapping words moves them further apart in a member.

    Source: Ye et al., "Data Contamination Calibration for Black-box LLMs" (PAC), Findings of ACL
    2024; official code yyy01/PAC. Ours differs in one way: white space is kept in place. There,
    copies are also lower-cased and stripped of punctuation.
    """

    copies: int = 5
    share: float = 0.3
    """Swaps per copy, as a share of the number of words."""
    seed: int = 0

    needs: ClassVar[frozenset[str]] = frozenset({"logprobs"})

    def __post_init__(self) -> None:
        if self.copies < 1 or not self.share > 0:
            raise ValueError(f"needs copies and exchanges, got {self.copies} and {self.share}")

    @property
    def name(self) -> str:
        """`pac`, with the settings if they are not the defaults."""
        usual = (self.copies, self.share, self.seed) == (5, 0.3, 0)
        return "pac" if usual else f"pac_{self.copies}_{self.share:g}_{self.seed}"

    def queries(self, document: Document) -> tuple[Query, ...]:
        """Ask for the document and its copies; equal texts have equal copies."""
        # The text seeds its own generator, so the order and batching of documents do not matter.
        rng = np.random.default_rng([self.seed, zlib.crc32(document.text.encode(errors="replace"))])
        copies = (exchange_words(document.text, self.share, rng) for _ in range(self.copies))
        return (Query(document.text), *map(Query, copies))

    def score(self, document: Document, traces: Sequence[Trace]) -> float:
        """Return the difference in nats.

        Raises:
            UnscoredError: The document has fewer than two words.
        """
        if len(_WORD.findall(document.text)) < 2:
            raise UnscoredError("it has fewer than two words")
        own, *others = (polarized_distance(trace.logprob) for trace in traces)
        return float(np.mean(others) - own)


def polarized_distance(logprob: NDArray[np.floating]) -> float:
    """Return the mean of the likeliest tokens minus that of the least likely, in nats."""
    return -mean_of_lowest(np.negative(logprob), _FAR) - mean_of_lowest(logprob, _LOCAL)


def exchange_words(text: str, share: float, rng: np.random.Generator) -> str:
    """Swap random pairs of words, `share` times the number of words and at least once."""
    places = [match.span() for match in _WORD.finditer(text)]
    if len(places) < 2:
        return text
    words = [text[start:end] for start, end in places]
    for _ in range(max(1, int(share * len(words)))):
        one, other = rng.choice(len(words), 2, replace=False)
        words[one], words[other] = words[other], words[one]
    gaps = [text[a:b] for (_, a), (b, _) in pairwise(places)]
    middle = "".join(word + gap for word, gap in zip(words, [*gaps, ""], strict=True))
    return text[: places[0][0]] + middle + text[places[-1][1] :]
