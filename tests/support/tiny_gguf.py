"""A tiny Llama in a GGUF file, made on the spot."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import gguf
import numpy as np

WIDTH, LAYERS, HEADS, INNER = 32, 2, 4, 64


def byte_alphabet() -> list[str]:
    """Return the 256 printable characters that stand for bytes in a GPT-2 vocabulary."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    table = {byte: chr(byte) for byte in printable}
    table |= {byte: chr(256 + n) for n, byte in enumerate(others)}
    return [table[byte] for byte in range(256)]


def tensors(size: int) -> dict[str, tuple[int, ...]]:
    shapes: dict[str, tuple[int, ...]] = {"token_embd": (size, WIDTH), "output_norm": (WIDTH,)}
    for n in range(LAYERS):
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            shapes[f"blk.{n}.{name}"] = (WIDTH, WIDTH)
        shapes[f"blk.{n}.ffn_gate"] = shapes[f"blk.{n}.ffn_up"] = (INNER, WIDTH)
        shapes[f"blk.{n}.ffn_down"] = (WIDTH, INNER)
        shapes[f"blk.{n}.attn_norm"] = shapes[f"blk.{n}.ffn_norm"] = (WIDTH,)
    return shapes


def save_tiny_gguf(
    file: Path,
    kind: gguf.GGMLQuantizationType = gguf.GGMLQuantizationType.Q4_1,
    *,
    extra: Mapping[str, tuple[int, ...]] = MappingProxyType({}),
    rope_scaling: str = "",
) -> Path:
    """Save a Llama of 2 layers, with a tokenizer of bytes and a few merges; return the file.

    Its matrices are of the given type, 4 bits by default. The longest token is a rule of 64 dashes.
    `extra` names further tensors in fp32 and their shapes.
    """
    merges = [("t", "h"), *(("-" * 2**n, "-" * 2**n) for n in range(6))]
    tokens = ["<|endoftext|>", "<|im_start|>", *byte_alphabet(), *map("".join, merges)]
    rng = np.random.default_rng(0)
    writer = gguf.GGUFWriter(file, "llama")
    writer.add_context_length(64)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types([3, 3, *[1] * (len(tokens) - 2)])
    writer.add_token_merges([" ".join(pair) for pair in merges])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(0)
    for name, shape in tensors(len(tokens)).items():
        weights = rng.normal(0, 0.2, shape).astype(np.float32)
        if len(shape) == 2:
            packed = gguf.quantize(weights, kind)
            writer.add_tensor(f"{name}.weight", packed, raw_dtype=kind)
        else:
            writer.add_tensor(f"{name}.weight", weights)
    for name, shape in extra.items():
        writer.add_tensor(name, rng.normal(1, 0.2, shape).astype(np.float32))
    if rope_scaling:
        writer.add_rope_scaling_type(gguf.RopeScalingType(rope_scaling))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file
