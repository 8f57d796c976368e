"""zlib: log-probability of the text relative to its compressed size."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from membership.detector import Detector
from membership.traces.trace import Trace, scored_text
from watermark.document import Document


@dataclass(frozen=True)
class ZlibRatio(Detector):
    """Mean log-probability over the zlib-compressed length of the text.

    Repetitive text is probable under any model, and short when compressed.

    Source: Carlini et al., "Extracting Training Data from Large Language Models", USENIX Security
    2021, section 5.1; zlib's default level, as in zjysteven/mink-plus-plus run.py. Ours differs
    in one way: the text that is compressed is the text that was scored. There, the whole text is
    compressed even where the model was shown only its beginning.
    """

    name: ClassVar[str] = "zlib"
    needs: ClassVar[frozenset[str]] = frozenset({"logprobs"})

    def score(self, document: Document, traces: Sequence[Trace]) -> float:
        """Return the ratio in nats per token and compressed byte, at most 0."""
        scored = scored_text(document.text, traces[0])
        # A lone surrogate, which UTF-8 cannot hold, is one byte.
        size = len(zlib.compress(scored.encode(errors="replace")))
        return float(np.mean(traces[0].logprob, dtype=np.float64)) / size
