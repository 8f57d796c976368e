"""Read a model's folder and write a new one; safetensors only."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers.pytorch_utils import Conv1D

from membership.models.checkpoint import find_checkpoint
from membership.models.local.inference_settings import preferred_device
from watermark.errors import ModelError, as_model_error

LINEAR = (torch.nn.Linear, Conv1D)
"""Kinds of linear layers; the second keeps its weights transposed."""


def load_checkpoint(folder: Path) -> tuple[Any, Any]:
    """Return a causal model in float32 on the preferred device, and its tokenizer.

    Raises:
        ModelError: It is not a model that is safe to load.
    """
    found = find_checkpoint(folder)
    with as_model_error(f"{folder}: cannot be loaded to be attacked"):
        tokenizer = transformers.AutoTokenizer.from_pretrained(found, trust_remote_code=False)
        model = transformers.AutoModelForCausalLM.from_pretrained(
            found, dtype=torch.float32, use_safetensors=True, trust_remote_code=False
        )
    return model.to(preferred_device()), tokenizer


def save_checkpoint(model: Any, tokenizer: Any, out: Path) -> None:
    """Write model and tokenizer into a folder.

    Raises:
        ModelError: A weight is not finite, as after training that diverged.
    """
    for name, weight in model.named_parameters():
        if not torch.isfinite(weight).all():
            raise ModelError(
                f"{name} has weights that are not finite numbers, and no model is written; if the "
                "attack trains, lower learning_rate"
            )
    model.save_pretrained(out, safe_serialization=True)
    tokenizer.save_pretrained(out)


def edit_weights(
    folder: Path, out: Path, edit: Callable[[str, torch.Tensor], torch.Tensor]
) -> None:
    """Write a model whose matrices are changed one by one; vectors stay as they are.

    Args:
        folder: The model.
        out: Folder of the new model.
        edit: Returns the new weights of a matrix from its name and old weights.
    """
    model, tokenizer = load_checkpoint(folder)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.ndim == 2:
                weight.copy_(edit(name, weight))
    save_checkpoint(model, tokenizer, out)


def edit_linear_layers(
    folder: Path, out: Path, edit: Callable[[str, torch.Tensor], torch.Tensor]
) -> None:
    """Write a model whose linear layers and output head are changed one by one.

    The head is the matrix of the embeddings in models that tie the two. `Conv1D` of GPT-2 is a
    linear layer, too.

    Args:
        folder: The model.
        out: Folder of the new model.
        edit: Returns new weights from the name of a layer and its old weights, a row an output.

    Raises:
        ModelError: There is no linear layer besides the head.
    """
    model, tokenizer = load_checkpoint(folder)
    head = model.get_output_embeddings()
    layers = [(n, each) for n, each in model.named_modules() if isinstance(each, LINEAR)]
    if all(layer is head for _, layer in layers):
        raise ModelError(
            f"{folder}: has no linear layer besides its output head, so that there is nothing to "
            "round; wanted a model of torch.nn.Linear or Conv1D layers"
        )
    with torch.no_grad():
        for name, layer in layers:
            weight = layer.weight.T if isinstance(layer, Conv1D) else layer.weight
            weight.copy_(edit(name, weight))
    save_checkpoint(model, tokenizer, out)
