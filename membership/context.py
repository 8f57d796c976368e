"""How likely a word is in its place, by any model that gives log-probabilities."""

from collections.abc import Sequence
from dataclasses import dataclass

from membership.trace import Query, Suspect, Trace
from watermark.model_features import Likelihood
from watermark.spots import Passage


@dataclass(frozen=True)
class ContextReader:
    """Reads passages with a causal language model."""

    model: Suspect

    def read(self, passages: Sequence[Passage]) -> list[Likelihood]:
        """Return the likelihood of each passage, in order."""
        found = [Likelihood(0.0, 0.0)] * len(passages)
        for index, trace in self.model.trace([Query(passage.text) for passage in passages]):
            found[index] = _likelihood(passages[index], trace)
        return found


def _likelihood(passage: Passage, trace: Trace) -> Likelihood:
    """Add up the log-probabilities; a token that reaches into the word belongs to the word."""
    first, last = trace.spans[:, 0], trace.spans[:, 1]
    word = (first < passage.end) & (last > passage.start)
    rest = first >= passage.end
    logprob = trace.logprob.astype(float)
    return Likelihood(float(logprob[word].sum()), float(logprob[rest].sum()))
