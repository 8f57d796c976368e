"""Read a model's folder and write a new one; safetensors only."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import transformers

from membership.models.checkpoint import find_checkpoint
from membership.models.local.inference_settings import preferred_device
from watermark.errors import as_model_error


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
    """Write model and tokenizer into a folder."""
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
