"""Which windows may share a batch: those that a model computes as it does alone.

Some models look at the longest text of a batch. With rotary embeddings scaled by length (`longrope`
in Phi-3 and Phi-4) every text beside one longer than the original context gets other frequencies.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from membership.models.local.head import Head, Moments
from membership.models.local.probe import distance, last_hidden, rounding
from watermark.errors import ModelError


@dataclass(frozen=True)
class LengthGroups:
    """How windows are grouped by their length in tokens, the start token included."""

    limits: tuple[int, ...] = ()
    """The computation changes above each of these lengths."""
    each_length: bool = False
    """It changes with every length."""

    def group(self, length: int) -> int:
        """Return the number of the group; windows of two groups never share a batch."""
        return length if self.each_length else sum(length > limit for limit in self.limits)

    def __str__(self) -> str:
        """Return what a report should say of it; empty if all windows may share a batch."""
        if self.each_length:
            return "batches of one length"
        limits = " and ".join(f"{limit:,}" for limit in self.limits)
        return f"no batch across {limits} tokens" if limits else ""


@torch.inference_mode()
def find_length_groups(model: Any, head: Head, ids: Tensor, length: int, name: str) -> LengthGroups:
    """Read a sentence alone and at the front of a window; find out which windows may be mixed.

    Args:
        model: A causal language model of transformers.
        head: Its head.
        ids: Tokens of the sentence, shape (n,).
        length: Maximum number of tokens in a window.
        name: What to call the model in a message.

    Raises:
        ModelError: The numbers depend on what was read before.
    """
    limits = tuple(sorted({n for n in _limits(model.config.to_dict()) if n < length}))
    alone = _read(model, head, ids, len(ids))
    allowed = rounding(alone.logit_size, model.dtype)
    within = _read(model, head, ids, limits[0] if limits else length)
    if limits:
        _read(model, head, ids, length)
    again = _read(model, head, ids, len(ids))
    if not distance(alone.moments, again.moments) <= allowed:
        raise ModelError(
            f"{name}: its log-probabilities of a short text change after it has read one of "
            f"{length} tokens; set --max-length to the length it was trained with"
        )
    mixed = distance(alone.moments, within.moments) <= allowed
    return LengthGroups(limits) if mixed else LengthGroups(each_length=True)


@dataclass(frozen=True)
class _Reading:
    moments: Moments
    logit_size: float


def _read(model: Any, head: Head, ids: Tensor, length: int) -> _Reading:
    """Read the sentence, repeated up to a length; return what is predicted in its first copy."""
    filled = ids.repeat(-(-length // len(ids)))[:length]
    hidden = last_hidden(model, filled[None])[0, : min(len(ids), length) - 1]
    target = filled[1 : len(hidden) + 1]
    size = float(head.logit_of(hidden, target).abs().max())
    return _Reading(head.moments(hidden, target), size)


def _limits(config: dict[str, Any]) -> Iterator[int]:
    """Find the lengths, at any depth of a configuration, at which rotary embeddings change."""
    waiting = [(config, config)]
    while waiting:
        settings, parent = waiting.pop()
        if "longrope" in (settings.get("rope_type"), settings.get("type")):
            for holder in (settings, parent):
                if isinstance(limit := holder.get("original_max_position_embeddings"), int):
                    yield limit
        waiting += [(value, settings) for value in settings.values() if isinstance(value, dict)]
