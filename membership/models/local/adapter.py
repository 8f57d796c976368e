"""A LoRA adapter on its base model.

The adapter is not merged into the base: in bf16 its small values would be lost to rounding.
"""

import hashlib
import json
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file

from membership.models.checkpoint import (
    find_checkpoint,
    fingerprint,
    read_json,
    vet_small_files,
    weight_files,
)
from membership.models.local.huggingface import (
    HuggingFaceModel,
    assemble,
    display_name,
    load_tokenizer_of,
    quiet,
)
from membership.models.local.inference_settings import InferenceSettings
from membership.models.local.weights import load_weights
from membership.models.model_limits import check_adapter, check_weights
from watermark.errors import ModelError, as_model_error

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
# The settings that define a LoRA. Every other setting is about training, or makes a library change
# the base; a file that sets it is refused.
_KNOWN = frozenset(
    """
    r lora_alpha lora_dropout target_modules exclude_modules target_parameters fan_in_fan_out bias
    lora_bias use_rslora use_dora modules_to_save layers_to_transform layers_pattern rank_pattern
    alpha_pattern layer_replication task_type
    """.split()  # noqa: SIM905 - a list of words reads better as one
)
_HARMLESS = frozenset(
    """
    peft_type base_model_name_or_path revision inference_mode init_lora_weights auto_mapping
    peft_version
    """.split()  # noqa: SIM905
)

# Ways to begin that leave the weights of the base as they are.
_STARTS = ("gaussian", "orthogonal", "eva", "mica")
_MERGE = (
    "merge it into its base with peft (merge_and_unload), save the result and give that as the "
    "model"
)
_ROWS = ("lora_embedding_A", "lora_B")
"""Weights of an adapter that have a row, or a column, for each token."""


def is_adapter(path: str | Path) -> bool:
    """Tell whether a path is the folder of an adapter."""
    return (Path(path) / CONFIG).is_file()


def find_base(folder: Path, base: str | None) -> Path:
    """Return the folder of the model that an adapter changes.

    Args:
        folder: Folder of the adapter.
        base: Folder or hub id; None for the one that the adapter names.

    Raises:
        ModelError: There is no such model, or it is unsafe to load.
    """
    config = read_json(folder / CONFIG)
    named = base or config.get("base_model_name_or_path")
    if not named or not isinstance(named, str):
        raise ModelError(f"{folder}: names no base model; say which with --base")
    if not base and config.get("revision") and "@" not in named and not Path(named).exists():
        named = f"{named}@{config['revision']}"
    try:
        found = find_checkpoint(named)
    except ModelError as error:
        if base:
            raise
        raise ModelError(
            f"{folder}: its base model: {error}; or name another with --base"
        ) from error
    if is_adapter(found):
        raise ModelError(f"{folder}: its base {named} is an adapter itself")
    return found


def adapter_fingerprint(folder: Path, base: Path) -> str:
    """Return a SHA-256 over the files of adapter and base.

    Raises:
        ModelError: The adapter has no safetensors weights.
    """
    if not (folder / WEIGHTS).is_file():
        raise ModelError(
            f"{folder}: wanted weights in {WEIGHTS}; other forms are not opened, because a pickle "
            "could run any code; have the adapter saved again with save_pretrained"
        )
    config = read_json(folder / CONFIG)
    check_adapter(config, folder / WEIGHTS, check_weights(weight_files(base)))
    vet_small_files(folder)
    total = hashlib.sha256(fingerprint(base).encode())
    for file in (CONFIG, WEIGHTS, "tokenizer.json", "tokenizer_config.json"):
        if (folder / file).is_file():
            with (folder / file).open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            total.update(f"{file} {digest}\n".encode())
    return total.hexdigest()


def load_adapter(folder: Path, base: str | None, run: InferenceSettings) -> HuggingFaceModel:
    """Load a LoRA adapter on its base.

    Args:
        folder: Folder with `adapter_config.json` and `adapter_model.safetensors`.
        base: Folder or hub id of the base; None for the one that the adapter names.
        run: How the model is run.

    Raises:
        ModelError: One of them cannot be loaded or is unsafe, or they do not match.
    """
    name = display_name(folder)
    base_folder = find_base(folder, base)
    digest = adapter_fingerprint(folder, base_folder)
    settings = _vetted(folder, name)
    with quiet(), as_model_error(f"{name}: cannot be loaded as an adapter ({_MERGE})"):
        own = (folder / "tokenizer.json").is_file()
        tokenizer = load_tokenizer_of(folder if own else base_folder, name, run.start_token)
        model = load_weights(base_folder, name, run.torch_dtype, run.torch_device)
        changed = _adapted(model, folder, settings, name)
        note = f"adapter on {display_name(base_folder)}, not merged"
        plain = changed.get_base_model()
        return assemble(plain, tokenizer, name, digest, run, note, in_library=changed)


def _vetted(folder: Path, name: str) -> dict[str, Any]:
    """Return the settings of a plain LoRA; refuse any other setting."""
    if not find_spec("peft"):
        raise ModelError(f"{name}: adapters need the library peft; install leximark[adapter]")
    import peft

    config = read_json(folder / CONFIG)
    kind = config.get("peft_type")
    if kind != "LORA":
        raise ModelError(f"{folder}: is an adapter of type {kind!r}; only LORA is read; {_MERGE}")
    usual = vars(peft.LoraConfig())
    for key, value in config.items():
        if key not in _KNOWN | _HARMLESS and value and value != usual.get(key):
            raise ModelError(
                f"{folder}: sets {key} = {json.dumps(value):.60}, which is not read here; {_MERGE}"
            )
    start = config.get("init_lora_weights", True)
    if not isinstance(start, bool) and start not in _STARTS:
        raise ModelError(
            f"{folder}: was trained from init_lora_weights = {json.dumps(start):.60}, which takes "
            f"something out of the weights of the base; {_MERGE}"
        )
    return {key: value for key, value in config.items() if key in _KNOWN}


def _adapted(model: Any, folder: Path, settings: dict[str, Any], name: str) -> Any:
    """Return the model of peft; the base is changed into it."""
    import peft

    try:
        weights = load_file(folder / WEIGHTS)
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{folder / WEIGHTS}: cannot be read ({error})") from error
    _refuse_resized(model, weights, name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # advice on merging, which is not done here
        changed = peft.get_peft_model(model, peft.LoraConfig(**settings, inference_mode=True))
        result = peft.set_peft_model_state_dict(changed, weights)
    biases = {"all": (".bias",), "lora_only": (".base_layer.bias",)}.get(
        settings.get("bias", ""), ()
    )
    missing = [
        key
        for key in result.missing_keys
        if "lora_" in key or "modules_to_save" in key or key.endswith(biases)
    ]
    if strange := [*result.unexpected_keys, *missing]:
        raise ModelError(
            f"{name}: {len(strange)} weights of the adapter do not fit the base, such as "
            f"{strange[0]}; is it the right base? If it is, {_MERGE}"
        )
    changed.requires_grad_(False).eval()
    return changed


def _refuse_resized(model: Any, weights: dict[str, Any], name: str) -> None:
    """Refuse an adapter for which tokens were added to the base."""
    for layer in (model.get_input_embeddings(), model.get_output_embeddings()):
        (place,) = (path for path, module in model.named_modules() if module is layer)
        for key, weight in weights.items():
            part = key.removeprefix(f"base_model.model.{place}.")
            if part == key or ("lora_" in part and not part.startswith(_ROWS)):
                continue
            rows = weight.shape["lora_embedding_A" in part and weight.dim() == 2]
            if rows != len(layer.weight) and weight.dim() == 2:
                raise ModelError(
                    f"{name}: was trained with {rows} rows in {place}, and the base has "
                    f"{len(layer.weight)}: its tokens were resized. Resize the base as it was "
                    f"for training (resize_token_embeddings), save it and name it with --base; or "
                    "merge both (merge_and_unload), save the result and give that"
                )
