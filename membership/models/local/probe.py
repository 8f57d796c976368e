"""Check that our forward pass reproduces a model's own logits before the model is used.

Architectures differ in what they do between the last hidden state and the logits (a bias, a scale,
a soft cap), and do not declare it in a uniform way. So the few known forms are tried, and one must
reproduce the model's own logits on a sentence.
"""

import copy
from collections.abc import Iterator
from itertools import product
from typing import Any

import torch
from torch import Tensor

from membership.models.local.head import Head, Moments, dense_moments
from watermark.errors import ModelError

SENTENCE = (
    "The committee met on 3 May and, after a long debate about the cost of the bridge, decided "
    'to wait: "We shall ask the engineers again," said the mayor.'
)
LENGTH = 32
"""Number of tokens of the sentence used."""

# Names in the configurations of transformers. Granite divides by what HyperCLOVA X multiplies by.
_SCALES = ("logit_scale", "logits_scaling", "lm_head_multiplier", "logits_mup_width_multiplier")
_CAPS = ("final_logit_softcapping", "logits_soft_cap", "output_logit_soft_cap")


@torch.inference_mode()
def probe(model: Any, ids: Tensor, name: str, in_library: Any = None) -> Head:
    """Make sure that a model is what it should be; return the head that gives its own logits.

    Args:
        model: A causal language model of transformers, as it was loaded.
        ids: Tokens of a sentence, shape (n,).
        name: What to call the model in a message.
        in_library: The same as the library that made it runs it, such as a model of peft; by
            default `model` itself.

    Raises:
        ModelError: There are no tokens; or the logits are not numbers, depend on what follows or
            on padding, or are computed in an unknown way.
    """
    if len(ids) < 2:
        raise ModelError(f"{name}: its tokenizer makes nothing of plain English")
    library = model if in_library is None else in_library
    logits = library(input_ids=ids[None], use_cache=False).logits[0, :-1].float()
    if not torch.isfinite(logits).all():
        raise ModelError(
            f"{name}: its logits on plain English are not finite numbers; load it in float32, and "
            "if that does not help its weights are broken"
        )
    allowed = rounding(float(logits.abs().max()), model.dtype)
    _check_causal(model, ids, logits, allowed, name)
    return _fit_head(model, ids, logits, allowed, name)


def _check_causal(model: Any, ids: Tensor, alone: Tensor, allowed: float, name: str) -> None:
    """Hide the second half of the sentence: the first half must not see a difference.

    Nor may it see whether it is read alone or beside another text.
    """
    half = len(ids) // 2
    batch, mask = ids.repeat(2, 1), torch.ones(2, len(ids), dtype=torch.long, device=ids.device)
    batch[1, half:], mask[1, half:] = 0, 0
    logits = model(input_ids=batch, attention_mask=mask, use_cache=False).logits[:, :half]
    seen, hidden = logits.float().log_softmax(-1)
    if not float((alone[:half].log_softmax(-1) - seen).abs().max()) <= allowed:
        raise ModelError(
            f"{name}: what it predicts depends on the other texts of its batch, or on chance, so a "
            "text has no score of its own"
        )
    if not float((seen - hidden).abs().max()) <= allowed:
        raise ModelError(
            f"{name}: what it predicts depends on later text or on padding, so it is not a "
            "causal language model (perhaps a masked one, such as BERT)"
        )


def _fit_head(model: Any, ids: Tensor, logits: Tensor, allowed: float, name: str) -> Head:
    hidden = last_hidden(model, ids[None])[0, :-1]
    wanted = dense_moments(logits, ids[1:])
    heads = list(_heads(model))
    distances = [distance(head.moments(hidden, ids[1:]), wanted) for head in heads]
    if not (least := min(distances)) <= allowed:
        raise ModelError(
            f"{name}: its log-probabilities differ by {least:.3g} from those made of its hidden "
            f"states and head (allowed: {allowed:.2g}); {type(model).__name__} treats its logits "
            "in a way that is not known here; a server that runs it can be audited "
            "(openai+http://host:8000/v1#model)"
        )
    return heads[distances.index(least)]


def last_hidden(model: Any, ids: Tensor, mask: Tensor | None = None) -> Tensor:
    """Run the model without its head; return the hidden states that the head is made for."""
    body = model.base_model
    if body is model:  # its class names a part that it does not have, as Llama 4's does
        embeddings = model.get_input_embeddings()
        body = next(part for part in model.children() if embeddings in part.modules())
    output = body(input_ids=ids, attention_mask=mask, use_cache=False)
    hidden: Tensor = output.last_hidden_state
    return hidden


def rounding(largest_logit: float, dtype: torch.dtype) -> float:
    """Return how much, in nats, the model's own rounding of hidden states and logits explains."""
    return 1e-3 + 2 * torch.finfo(dtype).eps * largest_logit


def _heads(model: Any) -> Iterator[Head]:
    """List the forms that the head may have."""
    output = _output_layer(model)
    config = model.config.get_text_config(decoder=True)
    scales = [float(v) for field in _SCALES if (v := getattr(config, field, None))]
    caps = [float(v) for field in _CAPS if (v := getattr(config, field, None))]
    both_ways = [1.0, *scales, *(1 / scale for scale in scales)]
    for scale, cap in product(both_ways, [*caps, None]):
        yield Head(output.weight.detach(), getattr(output, "bias", None), scale, cap)


def _output_layer(model: Any) -> Any:
    """Return the layer that makes logits; with an adapter on it, a copy with the adapter merged.

    The model itself stays as it is: its input embeddings may be the same weights.
    """
    layer = model.get_output_embeddings()
    if hasattr(layer, "unload_and_optionally_merge_module"):
        return copy.deepcopy(layer).float().unload_and_optionally_merge_module(True, False, None)
    if hasattr(layer, "merge") and hasattr(layer, "base_layer"):
        # In fp32: in bf16 the small numbers of an adapter would be rounded away.
        merged = copy.deepcopy(layer).float()
        base = merged.get_base_layer()
        if base.bias is None and any(merged.lora_bias.values()):
            base.bias = torch.nn.Parameter(torch.zeros_like(base.weight[:, 0]))
        merged.merge()
        return merged.get_base_layer()
    return layer


def distance(ours: Moments, theirs: Moments) -> float:
    """Return the largest difference between two readings of the same tokens, in nats."""
    columns = ("logprob", "mean", "std", "top1")
    apart = torch.stack([getattr(ours, c) - getattr(theirs, c) for c in columns])
    return float(apart.abs().max().nan_to_num(nan=torch.inf))
