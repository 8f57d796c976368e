"""Likelihood of a word in its context, from any model that gives log-probabilities."""

from collections.abc import Sequence
from dataclasses import dataclass

from membership.traces.suspect import Suspect
from membership.traces.trace import Query, Trace
from watermark.substitution.model_features import Likelihood
from watermark.substitution.target import TargetContext


@dataclass(frozen=True)
class ContextLikelihood:
    """Computes likelihoods of passages with a causal language model."""

    model: Suspect

    def read(self, contexts: Sequence[TargetContext]) -> list[Likelihood]:
        """Return the likelihood of each passage, in order."""
        found = [Likelihood(0.0, 0.0)] * len(contexts)
        for index, trace in self.model.trace([Query(context.text) for context in contexts]):
            found[index] = _likelihood(contexts[index], trace)
        return found


def _likelihood(context: TargetContext, trace: Trace) -> Likelihood:
    """Sum the log-probabilities; a token that overlaps the word belongs to the word."""
    first, last = trace.spans[:, 0], trace.spans[:, 1]
    word = (first < context.end) & (last > context.start)
    rest = first >= context.end
    logprob = trace.logprob.astype(float)
    return Likelihood(float(logprob[word].sum()), float(logprob[rest].sum()))
