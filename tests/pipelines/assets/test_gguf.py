import gguf
import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from pipelines.assets.gguf import convert
from watermark.errors import AssetError

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


@pytest.fixture
def folder(tmp_path):
    """A Llama of 2 layers in 4 bits, with a tokenizer of bytes and one merge."""
    tokens = ["<|endoftext|>", "<|im_start|>", *byte_alphabet(), "th"]
    rng = np.random.default_rng(0)
    writer = gguf.GGUFWriter(tmp_path / "tiny.Q4_1.gguf", "llama")
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
    writer.add_token_list(tokens)
    writer.add_token_types([3, 3, *[1] * (len(tokens) - 2)])
    writer.add_token_merges(["t h"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(0)
    for name, shape in tensors(len(tokens)).items():
        weights = rng.normal(0, 0.2, shape).astype(np.float32)
        if len(shape) == 2:
            packed = gguf.quantize(weights, gguf.GGMLQuantizationType.Q4_1)
            writer.add_tensor(f"{name}.weight", packed, raw_dtype=gguf.GGMLQuantizationType.Q4_1)
        else:
            writer.add_tensor(f"{name}.weight", weights)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return tmp_path


def test_the_converted_model_has_the_weights_of_the_original_and_is_an_ordinary_one(folder):
    name = "tiny.Q4_1.gguf"
    original = AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=torch.float32)
    convert(folder)
    converted = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True)
    weights = converted.state_dict()
    assert weights.keys() == original.state_dict().keys()
    assert all(torch.equal(weights[key], value) for key, value in original.state_dict().items())
    assert weights["model.embed_tokens.weight"].dtype == torch.float32
    assert not getattr(converted, "is_quantized", False)
    converted.save_pretrained(folder / "again")  # what a model read from GGUF refuses


def test_the_tokenizer_comes_along_and_the_gguf_file_goes(folder):
    convert(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    assert tokenizer.convert_ids_to_tokens(tokenizer("the")["input_ids"]) == ["th", "e"]
    assert not list(folder.glob("*.gguf"))


def test_a_conversion_that_changes_the_logits_is_refused(folder, monkeypatch):
    from pipelines.assets import gguf as module

    ordinary = module._as_ordinary_model

    def spoilt(expanded):
        model = ordinary(expanded)
        with torch.no_grad():
            model.model.norm.weight[0] += 1e-3
        return model

    monkeypatch.setattr(module, "_as_ordinary_model", spoilt)
    with pytest.raises(AssetError, match="gives other logits"):
        convert(folder)
    assert list(folder.glob("*.gguf"))
