import numpy as np

from membership.models.marking.context import ContextLikelihood
from membership.traces.trace import Trace
from watermark.substitution.model_features import Likelihood
from watermark.substitution.target import TargetContext


class Fixed:
    """A model that gives every token of two characters the log-probability of its place."""

    name = fingerprint = settings = "fixed"
    abilities = frozenset({"logprobs"})

    def trace(self, queries, known=()):
        for index in reversed(range(len(queries))):
            n = (len(queries[index].text) + 1) // 2
            spans = np.array([(2 * i, 2 * i + 2) for i in range(n)], dtype=np.int32)
            column = -np.arange(1, n + 1, dtype=np.float32)
            yield index, Trace(np.zeros(n, np.int32), spans, column, column, column, column, spans)


def test_a_token_that_reaches_into_the_word_belongs_to_it():
    # tokens: "ab" -1, "cd" -2, "ef" -3, "gh" -4; the word is "def", which "cd" reaches into
    reader = ContextLikelihood(Fixed())
    assert reader.read([TargetContext("abcdefgh", 3, 6)]) == [Likelihood(word=-5.0, rest=-4.0)]


def test_passages_come_back_in_order():
    found = ContextLikelihood(Fixed()).read(
        [TargetContext("abcd", 0, 2), TargetContext("abcdef", 4, 6)]
    )
    assert [f.word for f in found] == [-1.0, -3.0]
