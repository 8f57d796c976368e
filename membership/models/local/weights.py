"""Load the weights of a model so that every one of them takes part in what it computes.

A library fills what it can and passes over the rest. Weights that a model has no place for mean
that the file holds another model than its configuration says: one in few bits whose scales are left
over, with biases or layers that are switched off, or with an adapter beside its base.
"""

import math
import re
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors import SafetensorError, safe_open

from membership.models.checkpoint import read_json, weight_files
from membership.models.model_limits import read_header
from watermark.errors import ModelError
from watermark.limits import SPARE_NUMBERS, UNDECLARED_NUMBERS

_FEW_BITS = re.compile(r"[IU]8|F[468]_.*")
_WHOLE_NUMBERS = re.compile(r"[IU](16|32|64)")
"""Types of safetensors that hold a weight only together with a scale."""
_BUFFERS = re.compile(
    r"(.*\.)?(inv_freq|masked_bias|position_ids|token_type_ids|(attn|attention)\.bias"
    r"|num_batches_tracked)"
)
"""What older libraries saved beside the weights and newer ones make by themselves."""
_TOWERS = re.compile(r"(.*\.)?(vision|visual|audio|image|multi_modal|mm_)\w*\..*")
_SCALES = re.compile(
    r".*(scales?|scale_inv|zeros|zero_point|qweight|weight_packed|weight_shape|g_idx|absmax"
    r"|quant_map|quant_state.*|nested_\w+|SCB|weight_format|amax)"
)
_LAYER = re.compile(r"(?:.*\.)?(?:layers|h|blocks|block)\.(\d+)\..*")


def load_weights(
    folder: Path, name: str, dtype: torch.dtype, device: torch.device, **source: str
) -> Any:
    """Load the model of a checked folder, or of a GGUF file in it (`gguf_file`).

    Raises:
        ModelError: Weights are missing, of another shape or type than the configuration says, or
            left over.
    """
    if not source:
        _refuse_few_bits(folder, name)
        _refuse_more_than_stored(folder, name)
    model, info = transformers.AutoModelForCausalLM.from_pretrained(
        folder,
        dtype=dtype,
        use_safetensors=True,
        trust_remote_code=False,
        local_files_only=True,
        output_loading_info=True,
        ignore_mismatched_sizes=True,  # they are refused here, with both sizes
        **source,
    )
    _refuse_other_shapes(info["mismatched_keys"], model, name)
    if absent := sorted(map(str, info["missing_keys"])):
        raise ModelError(
            f"{name}: {len(absent)} weights are missing, such as {absent[0]}, and would be random; "
            "it is not a causal language model, or was saved in part"
        )
    _refuse_left_over(sorted(map(str, info["unexpected_keys"])), model, folder, name)
    return model.to(device).requires_grad_(False).eval()


def n_numbers(model: Any) -> int:
    """Count the numbers in the weights of a model, those that two layers share once."""
    return sum(weight.numel() for weight in model.parameters())


def _refuse_more_than_stored(folder: Path, name: str) -> None:
    """Refuse a configuration of a much larger model: a library would fill it at random first."""
    headers = [read_header(file) for file in weight_files(folder)]
    stored = sum(math.prod(entry["shape"]) for header in headers for entry in header.values())
    most = UNDECLARED_NUMBERS * stored + SPARE_NUMBERS
    config = transformers.AutoConfig.from_pretrained(
        folder, trust_remote_code=False, local_files_only=True
    )
    with torch.device("meta"):  # shapes alone, without memory
        empty = transformers.AutoModelForCausalLM.from_config(config, trust_remote_code=False)
    asked = n_numbers(empty) + sum(buffer.numel() for buffer in empty.buffers())
    if asked > most:
        raise ModelError(
            f"{name}: config.json asks for {asked:,} numbers and the weights hold {stored:,}; they "
            "are of two models: copy both from the same place"
        )


def _refuse_few_bits(folder: Path, name: str) -> None:
    """Refuse matrices of whole numbers or of 8-bit floats: a library reads them without a scale."""
    for file in weight_files(folder):
        try:
            with safe_open(file, "pt") as stored:
                for key in stored.keys():  # noqa: SIM118 - it is no dict
                    part = stored.get_slice(key)
                    kind = part.get_dtype()
                    if _BUFFERS.fullmatch(key) or math.prod(part.get_shape()) == 1:
                        continue
                    whole = _WHOLE_NUMBERS.fullmatch(kind) and key.endswith("weight")
                    if whole or _FEW_BITS.fullmatch(kind):
                        raise ModelError(
                            f"{name}: {key} is stored as {kind}: the model was quantized, and its "
                            "configuration does not say how (no quantization_config); give the "
                            "model it was made from, or save it dequantized"
                        )
        except (SafetensorError, OSError) as error:
            raise ModelError(
                f"{name}: {file.name} cannot be loaded as safetensors ({error}); copy it again"
            ) from error


def _refuse_other_shapes(mismatched: Any, model: Any, name: str) -> None:
    if not mismatched:
        return
    key, stored, wanted = min(mismatched, key=lambda entry: str(entry[0]))
    held, asked = ("x".join(map(str, shape)) for shape in (stored, wanted))
    what = f"{name}: {len(mismatched)} weights have another shape than config.json says: {key} is "
    if wanted[0] == model.config.get_text_config(decoder=True).vocab_size != stored[0]:
        raise ModelError(
            f"{what}{held} in the file and {asked} in the model; set vocab_size to {stored[0]} in "
            "config.json if the weights are right, or give the weights that belong to it"
        )
    raise ModelError(
        f"{what}{held} in the file and {asked} in the model; config.json and weights are of two "
        "models: copy both from the same place"
    )


def _refuse_left_over(unexpected: list[str], model: Any, folder: Path, name: str) -> None:
    config = read_json(folder / "config.json")
    towers = any(config.get(f"{kind}_config") for kind in ("vision", "audio"))
    left = [
        key
        for key in unexpected
        if not _BUFFERS.fullmatch(key) and not (towers and _TOWERS.fullmatch(key))
    ]
    if left:
        shown, advice = _explain(left, model)
        raise ModelError(
            f"{name}: the model has no place for {len(left)} of the weights, such as {shown}, and "
            f"would compute without them: {advice}"
        )


def _explain(left: list[str], model: Any) -> tuple[str, str]:
    """Return an example of weights that are left over, what they look like, and what to do."""
    n_layers = getattr(model.config.get_text_config(decoder=True), "num_hidden_layers", None)
    for key in left:
        if _SCALES.fullmatch(key):
            return key, (
                "they look like the scales of a quantized model whose quantization_config is "
                "missing; give the model it was made from, or save it dequantized"
            )
        if ".lora_" in key or "modules_to_save" in key:
            return key, (
                "they look like those of an adapter; merge it into its base (merge_and_unload) and "
                "save the result"
            )
        layer = _LAYER.fullmatch(key)
        if layer and isinstance(n_layers, int) and int(layer[1]) >= n_layers:
            return key, (
                f"they look like further layers, config.json says num_hidden_layers {n_layers}; "
                "set it to what the weights have, or give the weights that belong to it"
            )
    if biases := [key for key in left if key.endswith(".bias")]:
        return biases[0], (
            "they look like biases that config.json switches off (attention_bias, mlp_bias and the "
            "like); switch them on, or name the architecture that has them"
        )
    return left[0], (
        "config.json names another architecture than that of the weights, or the file holds more "
        "than one model; save the model alone, with the configuration it was trained with"
    )
