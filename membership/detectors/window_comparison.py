"""WBC: the share of windows of the text in which the suspect has less loss than its base."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from membership.detector import Detector, UnscoredError
from membership.detectors.reference import same_tokens
from membership.traces.trace import Query, Trace
from watermark.document import Document


@dataclass(frozen=True)
class WindowComparison(Detector):
    """Share of the windows in which the suspect has less loss than the reference.

    For fine-tuned suspects, with the base model as reference. The share is computed for each
    window length and averaged over the lengths, so a few very unlikely tokens affect only the
    windows they are in.

    Source: "Window-based Membership Inference Attacks Against Fine-tuned Large Language Models"
    (WBC), arXiv 2601.02751. Ours does not differ; windows longer than the document are left out.
    """

    name: ClassVar[str] = "window_comparison"
    needs: ClassVar[frozenset[str]] = frozenset({"logprobs", "reference"})

    lengths: tuple[int, ...] = (2, 3, 4, 6, 9, 13, 18, 25, 32, 40)
    """Tokens in a window."""

    def queries(self, document: Document) -> tuple[Query, ...]:
        """Ask both models for the document itself."""
        return (Query(document.text), Query(document.text, role="reference"))

    def score(self, document: Document, traces: Sequence[Trace]) -> float:
        """Return the share, from 0 to 1.

        Raises:
            UnscoredError: The models tokenize the text differently, or no window fits.
        """
        suspect, reference = traces
        if not same_tokens(suspect, reference):
            raise UnscoredError("the reference cuts the text into other tokens")
        gain = np.concatenate([[0.0], np.cumsum(difference(suspect, reference))])
        fitting = [length for length in self.lengths if length < len(gain)]
        if not fitting:
            raise UnscoredError(f"fewer than {min(self.lengths)} tokens were scored")
        return float(np.mean([np.mean(gain[n:] - gain[:-n] > 0) for n in fitting]))


def difference(suspect: Trace, reference: Trace) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return how much likelier each token is under the suspect, in nats."""
    return np.subtract(suspect.logprob, reference.logprob, dtype=np.float64)
