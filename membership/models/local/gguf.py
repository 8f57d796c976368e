"""A model in a GGUF file, expanded to the type it is run in."""

import hashlib
from importlib.util import find_spec
from pathlib import Path

from membership.models.local.huggingface import (
    HuggingFaceModel,
    assemble,
    display_name,
    load_tokenizer_of,
    quiet,
)
from membership.models.local.inference import InferenceSettings
from membership.models.local.weights import load_weights
from watermark.errors import ModelError, as_model_error

_MAGIC = b"GGUF"


def is_gguf(path: str | Path) -> bool:
    """Tell whether a path is a file in GGUF form, or should be one by its name."""
    return Path(path).is_file() and str(path).endswith(".gguf")


def gguf_fingerprint(file: Path) -> str:
    """Return the SHA-256 of a GGUF file, which holds weights, configuration and tokenizer.

    Raises:
        ModelError: It is not one.
    """
    with file.open("rb") as stream:
        if stream.read(4) != _MAGIC:
            raise ModelError(f"{file}: does not begin like a GGUF file")
        stream.seek(0)
        return hashlib.file_digest(stream, "sha256").hexdigest()


def load_gguf(file: Path, run: InferenceSettings) -> HuggingFaceModel:
    """Load a GGUF file through transformers; its weights are expanded from fewer bits.

    Raises:
        ModelError: It cannot be loaded, or `gguf` and `accelerate` are not installed.
    """
    name = display_name(file)
    digest = gguf_fingerprint(file)
    if missing := [each for each in ("gguf", "accelerate") if not find_spec(each)]:
        raise ModelError(f"{name}: GGUF files need {missing[0]}; install leximark[gguf]")
    source = {"gguf_file": file.name}
    with quiet(), as_model_error(f"{name}: cannot be loaded from GGUF"):
        tokenizer = load_tokenizer_of(file.parent, name, run.start_token, **source)
        model = load_weights(file.parent, name, run.torch_dtype, run.torch_device, **source)
        return assemble(model, tokenizer, name, digest, run, "expanded from GGUF")
