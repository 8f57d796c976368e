"""Tag&Tab: how probable the rare words and names are."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from membership.detector import Detector, UnscoredError
from membership.traces.trace import Trace
from watermark.document import Document
from watermark.text.rarity import rarity_bits

_SENTENCE = re.compile(r"[^.!?\n]+[.!?]*")
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")


@dataclass(frozen=True)
class TagAndTab(Detector):
    """Mean log-probability of the tokens of the rarest words of each sentence, and of its names.

    For English text; rarity is defined in `watermark.text.rarity`.

    Source: Antebi et al., "Tag&Tab: Pretraining Data Detection in Large Language Models Using
    Keyword-Based Membership Inference Attack", arXiv 2501.08454; official code
    sagivantebi/Tag-Tab, src/attacks.py. Ours differs in three ways. A keyword's tokens are found
    by their offsets in the text; there, by searching the joined pieces for the first match, and one
    token off with tokenizers that add no start token. Words are ranked by their frequency in
    general text; there, by that in the data under test. Names are capitalized words inside a
    sentence; there, what spaCy tags, so no pipeline has to be run here.
    """

    words: int = 4
    """Keywords per sentence, the paper's K; names that are not among them are added."""

    needs: ClassVar[frozenset[str]] = frozenset({"logprobs"})

    def __post_init__(self) -> None:
        if self.words < 1:
            raise ValueError(f"a sentence needs at least 1 keyword, got {self.words}")

    @property
    def name(self) -> str:
        """`tag_and_tab`, with the number of keywords if it is not the default."""
        return "tag_and_tab" if self.words == 4 else f"tag_and_tab_{self.words}"

    def score(self, document: Document, traces: Sequence[Trace]) -> float:
        """Return the mean in nats per token, at most 0.

        Raises:
            UnscoredError: No keyword was scored.
        """
        trace = traces[0]
        tokens = tokens_of(find_keywords(document.text, self.words), document.text, trace)
        if not tokens.any():
            raise UnscoredError("no keyword was scored")
        return float(np.mean(trace.logprob[tokens], dtype=np.float64))


def find_keywords(text: str, words: int) -> list[tuple[int, int]]:
    """List the spans of the rarest words of each sentence and of its names, in no order."""
    found: set[tuple[int, int]] = set()
    for sentence in _SENTENCE.finditer(text):
        spans = [word.span() for word in _WORD.finditer(text, *sentence.span())]
        spans.sort(key=lambda span: (-rarity_bits(text[slice(*span)]), span))
        first = min(spans, default=None)
        found.update(spans[:words])
        found.update(s for s in spans if s != first and text[s[0]].isupper() and s[1] - s[0] > 1)
    return list(found)


def tokens_of(spans: Sequence[tuple[int, int]], text: str, trace: Trace) -> NDArray[np.bool_]:
    """Tell which tokens share a character with one of the spans."""
    marked = np.zeros(len(text) + 1, dtype=np.int64)
    for start, end in spans:
        marked[start + 1 : end + 1] = 1
    before = np.cumsum(marked)
    return before[trace.spans[:, 1]] > before[trace.spans[:, 0]]
