"""Traces by hand, for tests of detectors."""

from typing import Any

import numpy as np

from membership.trace import Trace

GOLDEN = np.log([0.9, 0.5, 0.97, 0.01, 0.2, 1e-4, 0.6, 0.03])
"""Eight tokens for which the scores of all detectors were computed by hand."""


def trace_of(logprob, text="", *, ids=None, mean=-4.0, std=1.5, spans=None):
    """A trace with these log-probabilities, in float64 so that golden numbers hold to the end.

    The tokens lie evenly over the text.
    """
    n = len(logprob)
    moments: Any = np.array(np.broadcast_arrays(mean, std, np.zeros(n))[:2], dtype=np.float64)
    edges = np.linspace(0, len(text), n + 1).astype(np.int32)
    return Trace(
        token_ids=np.asarray(range(n) if ids is None else ids, dtype=np.int32),
        spans=np.stack([edges[:-1], edges[1:]], axis=1) if spans is None else np.array(spans),
        logprob=np.asarray(logprob, dtype=np.float64),
        mean=moments[0],
        std=moments[1],
        top1=np.full(n, -0.1),
        rank=np.zeros(n, dtype=np.int32),
    )
