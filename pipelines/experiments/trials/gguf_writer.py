"""Write a small Llama and its byte-level tokenizer into a GGUF file of 8 bits a weight."""

import json
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

_NAMES = {
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
_WHOLE = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}


def write_gguf(folder: Path, file: Path) -> None:
    """Write the Llama of a folder, with weights in fp32, as GGUF of type Q8_0.

    Args:
        folder: With `config.json`, `model.safetensors` and `tokenizer.json`.
        file: To make.
    """
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    writer = gguf.GGUFWriter(file, "llama")
    _add_shape(writer, config)
    _add_tokenizer(writer, folder, config)
    for name, weight in load_file(folder / "model.safetensors").items():
        _add_tensor(writer, name.removesuffix(".weight"), weight, config)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _add_shape(writer: Any, config: dict[str, Any]) -> None:
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_rope_dimension_count(config["head_dim"])
    writer.add_rope_freq_base(config["rope_parameters"]["rope_theta"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_vocab_size(config["vocab_size"])


def _add_tokenizer(writer: Any, folder: Path, config: dict[str, Any]) -> None:
    tokenizer = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    special = {token["id"] for token in tokenizer["added_tokens"] if token["special"]}
    words = {number: word for word, number in tokenizer["model"]["vocab"].items()}
    words |= {token["id"]: token["content"] for token in tokenizer["added_tokens"]}
    order = range(config["vocab_size"])
    merges = [m if isinstance(m, str) else " ".join(m) for m in tokenizer["model"]["merges"]]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(_pre_tokenizer(tokenizer["pre_tokenizer"]))
    writer.add_token_list([words[number] for number in order])
    control, normal = int(gguf.TokenType.CONTROL), int(gguf.TokenType.NORMAL)
    writer.add_token_types([control if number in special else normal for number in order])
    writer.add_token_merges(merges)
    writer.add_bos_token_id(config["bos_token_id"])
    writer.add_eos_token_id(config["eos_token_id"])


def _pre_tokenizer(told: dict[str, Any]) -> str:
    """Return what llama.cpp calls the way in which text is cut before merges; it has a name each.

    Raises:
        ValueError: It is another one than GPT-2's, perhaps with single digits.
    """
    parts = told.get("pretokenizers", [told])
    kinds = [part["type"] for part in parts]
    if kinds == ["ByteLevel"]:
        return "gpt-2"
    if kinds == ["Digits", "ByteLevel"] and parts[0]["individual_digits"]:
        return "smollm"
    raise ValueError(f"no name in GGUF is known here for the pre-tokenizer {kinds}")


def _add_tensor(
    writer: Any, name: str, weight: NDArray[np.float32], config: dict[str, Any]
) -> None:
    if name in _WHOLE:
        ours = _WHOLE[name]
    else:
        _, _, layer, part = name.split(".", 3)
        ours = f"blk.{layer}.{_NAMES[part]}"
        if part.endswith(("q_proj", "k_proj")):
            weight = _interleaved(weight, len(weight) // config["head_dim"])
    if weight.ndim == 1:
        writer.add_tensor(f"{ours}.weight", weight)
        return
    kind = gguf.GGMLQuantizationType.Q8_0
    writer.add_tensor(f"{ours}.weight", gguf.quantize(weight, kind), raw_dtype=kind)


def _interleaved(weight: NDArray[np.float32], heads: int) -> NDArray[np.float32]:
    """Order the rows of each head as llama.cpp turns them: pairs beside each other."""
    pairs = weight.reshape(heads, 2, -1, weight.shape[1]).swapaxes(1, 2)
    return np.ascontiguousarray(pairs).reshape(weight.shape)
