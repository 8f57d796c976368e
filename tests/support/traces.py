"""Traces by hand, for tests of detectors."""

from typing import Any

import numpy as np

from membership.traces.trace import Trace

GOLDEN = np.log([0.9, 0.5, 0.97, 0.01, 0.2, 1e-4, 0.6, 0.03])
"""Eight tokens for which the scores of all detectors were computed by hand."""


def trace_of(
    logprob,
    text="",
    *,
    ids=None,
    mean=-4.0,
    std=1.5,
    top1=-0.1,
    rank=0,
    spans=None,
    unscored_start=(),
):
    """A trace with these log-probabilities, in float64 so that golden numbers hold to the end.

    The tokens lie evenly over the text.
    """
    n = len(logprob)
    columns: Any = np.array(
        np.broadcast_arrays(mean, std, top1, rank, np.zeros(n))[:4], dtype=np.float64
    )
    edges = np.linspace(0, len(text), n + 1).astype(np.int32)
    return Trace(
        token_ids=np.asarray(range(n) if ids is None else ids, dtype=np.int32),
        spans=np.stack([edges[:-1], edges[1:]], axis=1) if spans is None else np.array(spans),
        logprob=np.asarray(logprob, dtype=np.float64),
        mean=columns[0],
        std=columns[1],
        top1=columns[2],
        rank=columns[3].astype(np.int32),
        unscored_start=unscored_start,
    )
