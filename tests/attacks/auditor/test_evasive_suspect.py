"""Each evasion by hand, and that it touches nothing but the candidates."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from attacks.auditor.evasive_suspect import EvasiveSuspect
from membership.traces.trace import CandidateLogprobs, Query, Slot, Trace

LOGPROB = np.array([-1.0, -3.0])


@dataclass(frozen=True)
class Honest:
    name = "honest"
    fingerprint = "f"
    settings = "s"
    abilities = frozenset({"logprobs", "candidates"})

    def trace(self, queries, known=()):
        nothing: Any = np.zeros(0)
        for i in range(len(queries)):
            candidates = (CandidateLogprobs(LOGPROB),)
            yield (
                i,
                Trace(nothing, nothing, nothing, nothing, nothing, nothing, nothing, candidates),
            )


QUERY = Query("a bee", (Slot(2, "bee", ("bee", "wasp")),))


def said(evasion, **settings):
    ((_, trace),) = EvasiveSuspect(Honest(), evasion, **settings).trace([QUERY])
    return trace.candidate_logprobs[0]


def test_what_each_evasion_answers():
    assert said("uniform").logprob.tolist() == [-2.0, -2.0]
    assert said("swap").logprob.tolist() == [-3.0, -1.0]
    assert np.isnan(said("refuse").logprob).all()
    assert said("refuse").reason == "the model gave no answer"
    noisy = said("noise").logprob
    assert noisy.tolist() == said("noise").logprob.tolist() != LOGPROB.tolist()
    assert noisy.tolist() != said("noise", seed=1).logprob.tolist()


def test_an_unknown_evasion_is_named_and_the_filter_does_not_show():
    with pytest.raises(ValueError, match="wanted uniform, noise, refuse, swap, got 'lie'"):
        EvasiveSuspect(Honest(), "lie")  # type: ignore[arg-type]
    filtered = EvasiveSuspect(Honest(), "swap")
    assert (filtered.name, filtered.fingerprint, filtered.settings) == ("honest", "f", "s")
    assert filtered.abilities == Honest.abilities
    assert replace(filtered, evasion="noise").evasion == "noise"
