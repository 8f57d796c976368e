"""A model in a GGUF file, expanded to the data type in which it is run."""

import hashlib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from membership.models.gguf_header import check_gguf_header
from membership.models.local.huggingface import (
    HuggingFaceModel,
    assemble,
    display_name,
    load_tokenizer_of,
    quiet,
)
from membership.models.local.inference_settings import InferenceSettings
from membership.models.local.weights import load_weights, n_numbers
from watermark.errors import ModelError, as_model_error

_LLAMA_CPP = "llama.cpp+"


def is_gguf(path: str | Path) -> bool:
    """Tell whether a path is a GGUF file, by its content or its name."""
    return Path(path).is_file() and str(path).endswith(".gguf")


def gguf_fingerprint(file: Path) -> str:
    """Return the SHA-256 of a GGUF file, which holds weights, configuration and tokenizer.

    Raises:
        ModelError: It is not a GGUF file.
    """
    check_gguf_header(file)
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def load_gguf(file: Path, run: InferenceSettings) -> HuggingFaceModel:
    """Load a GGUF file through transformers; its quantized weights are expanded.

    Raises:
        ModelError: It cannot be loaded, or `gguf` and `accelerate` are not installed.
    """
    name = display_name(file)
    digest = gguf_fingerprint(file)
    if missing := [each for each in ("gguf", "accelerate") if not find_spec(each)]:
        raise ModelError(f"{name}: GGUF files need {missing[0]}; install leximark[gguf]")
    source = {"gguf_file": file.name}
    with quiet(), as_model_error(f"{name}: cannot be loaded from GGUF"):
        _refuse_scaled_positions(file, name)
        tokenizer = load_tokenizer_of(file.parent, name, run.start_token, **source)
        model = load_weights(file.parent, name, run.torch_dtype, run.torch_device, **source)
        _refuse_left_over(file, model, name)
        return assemble(model, tokenizer, name, digest, run, "expanded from GGUF")


def _refuse_scaled_positions(file: Path, name: str) -> None:
    """Refuse scaled rotary embeddings: transformers passes over what a file says of them."""
    import gguf

    reader = gguf.GGUFReader(file)
    architecture = reader.fields["general.architecture"].contents()
    scaled = [t.name for t in reader.tensors if t.name.startswith(("rope_freqs", "rope_factors"))]
    kind = reader.fields.get(f"{architecture}.rope.scaling.type")
    if architecture != "gpt-oss" and kind is not None and kind.contents() != "none":
        scaled.append(f"{kind.name} = {kind.contents()}")
    if scaled:
        raise ModelError(
            f"{name}: scales its rotary embeddings ({scaled[0]}), which is lost when a GGUF file "
            f"is expanded; run the file as it is with {_LLAMA_CPP}PATH, or give the model it was "
            "made from"
        )


def _refuse_left_over(file: Path, model: Any, name: str) -> None:
    """Refuse a file of which transformers has left weights out: it does so without a word."""
    import gguf

    tensors = {tensor.name: tensor for tensor in gguf.GGUFReader(file).tensors}
    head, embeddings = tensors.get("output.weight"), tensors.get("token_embd.weight")
    tied = model.config.get_text_config(decoder=True).tie_word_embeddings
    if tied and head and embeddings and np.array_equal(head.data, embeddings.data):
        del tensors["output.weight"]  # Bloom's and Falcon's are stored twice
    stored = sum(int(tensor.n_elements) for tensor in tensors.values())
    if (taken := n_numbers(model)) != stored:
        raise ModelError(
            f"{name}: holds {stored:,} numbers and the expanded model {taken:,}: some weights have "
            f"no place in it; run the file as it is with {_LLAMA_CPP}PATH, or give the model it "
            "was made from"
        )
