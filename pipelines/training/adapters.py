"""LoRA and QLoRA: train low-rank matrices beside frozen weights, then merge them in."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, BitsAndBytesConfig

from watermark.errors import PrerequisiteError


@dataclass(frozen=True)
class Adapter:
    """Settings of a low-rank adapter."""

    targets: tuple[str, ...] | str = "all-linear"
    """Names of the layers that get one, as peft matches them."""
    rank: int = 16
    alpha: int = 16
    dropout: float = 0.05
    quantize: bool = False
    """Hold the frozen weights in 4 bits (NF4, double quantization, float16): QLoRA."""


def add_adapter(model: Any, adapter: Adapter) -> Any:
    """Return a model in which only the adapter is trained.

    Raises:
        PrerequisiteError: peft is not installed, or a layer is not there.
    """
    if not find_spec("peft"):
        raise PrerequisiteError("LoRA needs the library peft: pip install 'leximark[train]'")
    import peft

    names = [name.rpartition(".")[2] for name, _ in model.named_modules()]
    for target in adapter.targets if isinstance(adapter.targets, tuple) else ():
        if target not in names:  # peft takes it as long as another one matches
            raise PrerequisiteError(f"LoRA: {type(model).__name__} has no layer {target}")
    if adapter.quantize:
        model = peft.prepare_model_for_kbit_training(model)
    targets = adapter.targets if isinstance(adapter.targets, str) else list(adapter.targets)
    return peft.get_peft_model(
        model,
        peft.LoraConfig(
            r=adapter.rank,
            lora_alpha=adapter.alpha,
            lora_dropout=adapter.dropout,
            bias="none",
            target_modules=targets,
            task_type="CAUSAL_LM",
        ),
    )


def merge_adapter(model: Any, adapter: Adapter) -> Any:
    """Return the base model with the adapter added to its weights, in full precision.

    A quantized base is loaded again unquantized: adding to 4-bit weights would round the sum.
    """
    if not adapter.quantize:
        return model.merge_and_unload()
    import peft

    base = AutoModelForCausalLM.from_pretrained(
        model.peft_config["default"].base_model_name_or_path,
        dtype=torch.float16,
        use_safetensors=True,
    )
    whole = peft.get_peft_model(base, model.peft_config["default"])
    peft.set_peft_model_state_dict(whole, peft.get_peft_model_state_dict(model))
    return whole.merge_and_unload()


def load_quantized(name: str | Path) -> Any:
    """Load a causal model in 4 bits.

    Raises:
        PrerequisiteError: There is no CUDA, or bitsandbytes is not installed.
    """
    if not torch.cuda.is_available():
        raise PrerequisiteError(
            "QLoRA needs a CUDA GPU, and none was found: use LoRA (quantize=False) or all weights"
        )
    if not find_spec("bitsandbytes"):
        raise PrerequisiteError("QLoRA needs bitsandbytes: pip install 'leximark[qlora]'")
    return AutoModelForCausalLM.from_pretrained(
        name,
        quantization_config=BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=torch.float16,
        ),
        use_safetensors=True,
        device_map={"": torch.cuda.current_device()},
    )
