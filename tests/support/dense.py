"""What a causal model says of a text, token by token and in float64: the oracle of the one pass."""

from functools import cache

import numpy as np
import torch
import transformers

from membership.traces.trace import Query

ROOM = 95
"""Tokens of a window of a tiny model: 96 positions, one of them for the start token."""


def traces(model, queries):
    queries = [q if isinstance(q, Query) else Query(q) for q in queries]
    found = dict(model.trace(queries))
    assert sorted(found) == list(range(len(queries)))
    return [found[index] for index in range(len(queries))]


@cache
def exact(folder):
    """The model in float64, its tokenizer left as it was."""
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float64)
    return model.eval(), transformers.AutoTokenizer.from_pretrained(folder)


@torch.inference_mode()
def dense(folder, text, room=ROOM):
    """Log-softmax rows for each token of a text, one window at a time, in float64."""
    model, tokenizer = exact(folder)
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    start = [tokenizer.bos_token_id]
    rows = []
    for position in range(len(ids)):
        # The first of the windows, half a window apart, that holds the token.
        step = room - room // 2
        begin = next(b for b in range(0, len(ids), step) if position < b + room)
        left = torch.tensor([start + ids[begin:position]])
        rows.append(model(input_ids=left).logits[0, -1].double().log_softmax(-1).numpy())
    return np.array(ids), np.array(rows).reshape(len(ids), -1)


def assert_dense(trace, ids, rows, tolerance=1e-4):
    at = np.arange(len(ids))
    p = np.exp(rows)
    mean = (p * rows).sum(1)
    own = rows[at, ids]
    np.testing.assert_array_equal(trace.token_ids, ids)
    np.testing.assert_allclose(trace.logprob, own, atol=tolerance)
    np.testing.assert_allclose(trace.mean, mean, atol=tolerance)
    std = np.sqrt((p * (rows - mean[:, None]) ** 2).sum(1))
    np.testing.assert_allclose(trace.std, std, atol=tolerance)
    np.testing.assert_allclose(trace.top1, rows.max(1), atol=tolerance)
    clear = (np.abs(rows - own[:, None]) < 2e-5).sum(1) == 1  # no near tie with the token itself
    np.testing.assert_array_equal(trace.rank[clear], (rows > own[:, None]).sum(1)[clear])
    assert clear.mean() > 0.7
