"""Run a batch of windows through a model once, and fill the trace builders.

B windows, T tokens of the longest, R scored tokens of all windows, D width of the model
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from membership.models.local.head import Head
from membership.models.local.probe import last_hidden
from membership.traces.builder import TraceBuilder
from membership.traces.trace import COLUMNS
from membership.traces.windows import Window


@torch.inference_mode()
def run_batch(
    model: Any,
    head: Head,
    start: tuple[int, ...],
    batch: Sequence[Window],
    builders: Sequence[TraceBuilder],
) -> None:
    """Run the model and fill the trace builders.

    Args:
        model: A causal language model of transformers.
        head: Head of the model.
        start: Ids placed before every window: many models attend strongly to their start token
            and predict poorly in the middle of a text without it.
        batch: Windows; each refers to its builder by index.
        builders: Trace builders of the documents.
    """
    device = head.weight.device
    ids_BT, mask_BT = _pad(start, batch, builders)
    hidden_BTD = last_hidden(model, _to(device, ids_BT), _to(device, mask_BT))
    positions = [builders[window.document].positions(window) for window in batch]
    counts = [len(p) for p in positions]
    row_R = np.repeat(np.arange(len(batch)), counts)
    # A token is predicted one position to its left.
    column_R = np.concatenate(
        [p - window.start + len(start) - 1 for p, window in zip(positions, batch, strict=True)]
    )
    target_R = np.concatenate(
        [builders[w.document].tokens.ids[p] for p, w in zip(positions, batch, strict=True)]
    )
    hidden_RD = hidden_BTD[_to(device, row_R), _to(device, column_R)]
    moments = head.moments(hidden_RD, _to(device, target_R))
    columns = {name: getattr(moments, name).cpu().numpy() for name in COLUMNS}
    first = 0
    for window, own, count in zip(batch, positions, counts, strict=True):
        builder = builders[window.document]
        part = slice(first, first + count)
        builder.fill(window, {name: column[part] for name, column in columns.items()})
        _read(head, builder, window, own, hidden_RD[part], moments.normalizer[part])
        first += count


def _pad(
    start: tuple[int, ...], batch: Sequence[Window], builders: Sequence[TraceBuilder]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Stack the windows, padded on the right, with a mask of the real tokens."""
    longest = len(start) + max(window.stop - window.start for window in batch)
    ids_BT = np.zeros((len(batch), longest), dtype=np.int64)
    mask_BT = np.zeros_like(ids_BT)
    for row, window in enumerate(batch):
        text = builders[window.document].tokens.ids[window.start : window.stop]
        end = len(start) + len(text)
        ids_BT[row, :end] = (*start, *text)
        mask_BT[row, :end] = 1
    return ids_BT, mask_BT


def _read(
    head: Head,
    builder: TraceBuilder,
    window: Window,
    positions: NDArray[np.int64],
    hidden_RD: Tensor,
    normalizer_R: Tensor,
) -> None:
    """Compute the candidate log-probabilities of all slots in this window at once."""
    choices = builder.choices(window)
    if not choices:
        return
    sizes = [len(choice.token_ids) for _, choice in choices]
    rows = np.searchsorted(positions, [choice.position for _, choice in choices])
    row = _to(hidden_RD.device, np.repeat(rows, sizes))
    token = _to(hidden_RD.device, np.concatenate([choice.token_ids for _, choice in choices]))
    logprob = head.logit_of(hidden_RD[row], token) - normalizer_R[row]
    parts = np.split(logprob.clamp_max(0).cpu().double().numpy(), np.cumsum(sizes)[:-1])
    for (slot, _), part in zip(choices, parts, strict=True):
        builder.read(slot, part)


def _to(device: torch.device, array: NDArray[np.integer[Any]]) -> Tensor:
    return torch.from_numpy(array.astype(np.int64)).to(device)
