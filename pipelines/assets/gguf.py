"""Rewrite a GGUF model as a plain safetensors folder with the same weights.

transformers needs many seconds to read a GGUF file, and can neither save nor train what it read:
the model counts as quantized although its weights were expanded to float32. A model made anew
from the same configuration and the same weights is an ordinary one.
"""

from pathlib import Path
from typing import Any

from watermark.errors import AssetError

PROBE = "The committee will meet again on Tuesday, 14 May, to vote on the budget."


def convert(folder: Path) -> None:
    """Replace the one GGUF file in a folder by a checkpoint and a tokenizer.

    Raises:
        AssetError: The checkpoint does not give the very logits of the original.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    (original,) = folder.glob("*.gguf")
    local = {"local_files_only": True, "gguf_file": original.name}
    tokenizer = AutoTokenizer.from_pretrained(folder, **local)
    expanded = AutoModelForCausalLM.from_pretrained(folder, **local, dtype=torch.float32)
    _as_ordinary_model(expanded).save_pretrained(folder)
    tokenizer.save_pretrained(folder)

    saved = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True)
    probe = tokenizer(PROBE, return_tensors="pt")["input_ids"]
    with torch.inference_mode():
        same = torch.equal(saved(probe).logits, expanded(probe).logits)
    if not same:
        raise AssetError(f"{original.name}: the converted model gives other logits")
    original.unlink()


def _as_ordinary_model(expanded: Any) -> Any:
    """Return a model with the configuration and weights of one that was read from GGUF."""
    settings = expanded.config.to_dict()
    settings.pop("quantization_config", None)
    model = type(expanded)(type(expanded.config).from_dict(settings))
    model.load_state_dict(expanded.state_dict())
    model.tie_weights()
    model.generation_config = expanded.generation_config
    return model.eval()
