"""Find a model on disk, refuse unsafe files, and compute its fingerprint.

A suspect is hostile input. No code shipped with a model is ever executed: no pickle is opened, no
custom model code is loaded, and settings that would make a library fetch code from elsewhere are
refused before the library sees them.
"""

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from huggingface_hub import snapshot_download

from membership.models.model_limits import check_config, check_weights
from membership.models.tokenizer_limits import check_tokenizer
from watermark.errors import ModelError
from watermark.limits import CONFIG, TEXT_FILE_BYTES, TOKENIZER, JsonLimits
from watermark.safe_json import BoundsError, read_json_file

_TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "tokenizer.model",
)
_WEIGHTS, _INDEX = "model.safetensors", "model.safetensors.index.json"
_SMALL_FILES = ("config.json", "generation_config.json", _INDEX, *_TOKENIZER_FILES)
_VOCABULARIES = ("vocab.json", "added_tokens.json")
_SMALL_JSON = (*_VOCABULARIES, "generation_config.json", "special_tokens_map.json",
    "chat_template.json", "processor_config.json", "preprocessor_config.json")  # fmt: skip
_TEXT_SUFFIXES = (".txt", ".model", ".jinja", ".spm", ".tiktoken")
_HUB_ID = re.compile(r"\w[\w.-]*(/\w[\w.-]*)?")
_QUANTIZATION = ("quantization_config", "compression_config")
_QUANTIZATION_FILES = ("quantize_config.json", "quant_config.json", "hf_quant_config.json")
_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")


def find_checkpoint(name_or_folder: str | Path) -> Path:
    """Return the folder of a model that is safe to load; a hub model is downloaded first.

    The small files of a hub model are downloaded first, so that an unsafe model is refused before
    gigabytes of weights are transferred.

    Args:
        name_or_folder: A folder, or the id of a model on the hub, optionally with `@` and a branch,
            tag or commit.

    Raises:
        ModelError: There is no such model, or it is unsafe to load; the message says why.
    """
    folder = Path(name_or_folder)
    if folder.exists():
        vet_checkpoint(folder)
        return folder
    name, at, commit = str(name_or_folder).partition("@")
    if not _HUB_ID.fullmatch(name) or (at and not commit):
        raise ModelError(
            f"{name_or_folder}: no such folder, and not the id of a hub model (owner/name, or "
            "owner/name@revision)"
        )
    revision = commit or None
    folder = _download(name, revision, _SMALL_FILES)
    _vet_configuration(folder)
    _download(name, revision, (_WEIGHTS, *_shards(folder)))
    vet_checkpoint(folder)
    return folder


def find_tokenizer(name_or_folder: str | Path) -> Path:
    """Return the folder of a model whose tokenizer is safe to load; weights are not needed.

    Raises:
        ModelError: There is no such folder or hub model, or it is unsafe to load.
    """
    folder = Path(name_or_folder)
    if not folder.exists():
        name = str(name_or_folder)
        if not _HUB_ID.fullmatch(name):
            raise ModelError(f"{name}: no such folder, and not the id of a hub model (owner/name)")
        folder = _download(name, None, _SMALL_FILES)
    if not any((folder / name).is_file() for name in _TOKENIZER_FILES):
        raise ModelError(
            f"{folder}: wanted the folder of a tokenizer, found no {_TOKENIZER_FILES[0]}"
        )
    _vet_settings(folder, read_json(folder / "tokenizer_config.json"))
    vet_small_files(folder)
    return folder


def vocabulary_size(folder: Path) -> int:
    """Return the vocabulary size of a model including padding; 0 if unknown."""
    config = read_json(folder / "config.json")
    known = [config.get("vocab_size"), (config.get("text_config") or {}).get("vocab_size")]
    return next((size for size in known if isinstance(size, int)), 0)


def vet_checkpoint(folder: Path) -> None:
    """Refuse a folder that is not a model, or that could run code of its own.

    Raises:
        ModelError: The message says what was found and how to fix it.
    """
    _vet_configuration(folder)
    if missing := [f.name for f in weight_files(folder) if not f.is_file()]:
        raise ModelError(f"{folder}: the weights {missing[0]} are missing; copy the folder again")
    check_weights(weight_files(folder))


def vet_small_files(folder: Path) -> None:
    """Check the sizes of all files beside the weights that a library may read.

    Raises:
        ModelError: One exceeds a limit.
    """
    check_tokenizer(folder / "tokenizer.json")
    for file in sorted(folder.iterdir()):
        if file.suffix == ".json" and file.name not in ("tokenizer.json", _INDEX):
            if file.name in _SMALL_JSON:
                read_json(file, TOKENIZER if file.name in _VOCABULARIES else CONFIG)
        elif file.suffix in _TEXT_SUFFIXES and file.stat().st_size > TEXT_FILE_BYTES:
            raise ModelError(
                f"{file}: has {file.stat().st_size:,} bytes; at most {TEXT_FILE_BYTES:,} are read"
            )


def fingerprint(folder: Path) -> str:
    """Return the SHA-256 of configuration, tokenizer and weights, independent of the location."""
    total = hashlib.sha256()
    small = [folder / name for name in ("config.json", *_TOKENIZER_FILES)]
    for file in sorted(f for f in (*small, *weight_files(folder)) if f.is_file()):
        with file.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        total.update(f"{file.name} {digest}\n".encode())
    return total.hexdigest()


def _download(name: str, revision: str | None, files: tuple[str, ...]) -> Path:
    try:
        return Path(snapshot_download(name, revision=revision, allow_patterns=list(files)))
    except (OSError, ValueError) as error:  # all errors of the hub client are one of these
        at = f" at revision {revision}" if revision else ""
        raise ModelError(
            f"{name}{at}: is not a folder and could not be downloaded from the hub "
            f"({type(error).__name__}); check the name, go online (HF_HUB_OFFLINE=0), log in with "
            "`hf auth login` if it is gated, or give a folder"
        ) from error


def _vet_configuration(folder: Path) -> None:
    if not folder.is_dir():
        raise ModelError(f"{folder}: is a file; give the folder that holds config.json")
    if (folder / "adapter_config.json").exists():
        raise ModelError(f"{folder}: is an adapter, not a model; it cannot be a base itself")
    if not (folder / "config.json").is_file():
        raise ModelError(f"{folder}: is not a model folder, it has no config.json")
    config = read_json(folder / "config.json")
    check_config(config, folder)
    for file in (config, read_json(folder / "tokenizer_config.json")):
        _vet_settings(folder, file)
    vet_small_files(folder)
    if config.get("is_encoder_decoder"):
        raise ModelError(f"{folder}: is an encoder-decoder; only causal language models are read")
    _refuse_quantized(folder, config)


def _refuse_quantized(folder: Path, config: dict[str, Any]) -> None:
    named = [key for key, value in _walk(config) if key in _QUANTIZATION and value]
    beside = [file for file in _QUANTIZATION_FILES if (folder / file).is_file()]
    if found := [*named, *beside]:
        raise ModelError(
            f"{folder}: is quantized ({found[0]}); give the model it was made from, or save it "
            "dequantized"
        )


def _vet_settings(folder: Path, settings: dict[str, Any]) -> None:
    """Refuse settings at any depth that name custom code or an attention kernel on the hub."""
    for key, value in _walk(settings):
        if key == "auto_map" and value:
            raise ModelError(
                f"{folder}: wants to run custom code (auto_map), which is never allowed; if "
                "transformers knows the architecture, remove auto_map from the JSON files"
            )
        if key.endswith("_implementation") and "/" in str(value):
            raise ModelError(f"{folder}: wants to fetch code from the hub ({key} = {value!r})")


def _walk(value: Any) -> Iterator[tuple[str, Any]]:
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield from value.items()
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value


def weight_files(folder: Path) -> list[Path]:
    """List the files that transformers will open, in its order of preference."""
    if (folder / _WEIGHTS).is_file():
        return [folder / _WEIGHTS]
    if shards := _shards(folder):
        return [folder / shard for shard in shards]
    pickles = sorted(f.name for pattern in _PICKLES for f in folder.glob(pattern))
    found = (
        f"only {pickles[0]}, a pickle that could run any code when opened" if pickles else "none"
    )
    raise ModelError(
        f"{folder}: wanted weights in {_WEIGHTS}, found {found}; have the model saved again with "
        "save_pretrained, which writes safetensors"
    )


def _shards(folder: Path) -> tuple[str, ...]:
    weight_map = read_json(folder / _INDEX).get("weight_map")
    names = sorted(map(str, set(weight_map.values()))) if isinstance(weight_map, dict) else []
    for name in names:
        if Path(name).name != name or not name.endswith(".safetensors"):
            raise ModelError(f"{folder}: {_INDEX} names {name!r}, not a file in the folder")
    return tuple(names)


def read_json(file: Path, limits: JsonLimits = CONFIG) -> dict[str, Any]:
    """Read a JSON object within limits; a missing file gives an empty one."""
    if not file.exists():
        return {}
    try:
        content = read_json_file(file, limits)
    except BoundsError as error:
        raise ModelError(f"{file}: {error}") from error
    if not isinstance(content, dict):
        raise ModelError(f"{file}: wanted a JSON object, got {type(content).__name__}")
    return content
