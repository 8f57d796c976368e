"""Models, adapters, tokenizers and GGUF files that claim what no machine can do."""

import json
import os
import struct
import time

import pytest

from membership.models.checkpoint import find_checkpoint, find_tokenizer
from membership.models.local.adapter import adapter_fingerprint
from membership.models.local.huggingface import load_huggingface
from membership.models.local.inference_settings import InferenceSettings
from membership.models.model_limits import check_pattern
from membership.models.tokenizer_limits import check_tokenizer, repeats_a_repetition
from tests.support.tiny import save_tiny_model
from watermark.errors import ModelError

RUN = InferenceSettings(dtype="float32", device="cpu")


@pytest.fixture
def folder(tmp_path):
    return save_tiny_model(tmp_path / "tiny")


@pytest.fixture(autouse=True)
def within_seconds():
    began = time.process_time()
    yield
    assert time.process_time() - began < 30


def change(file, **settings):
    file.write_text(json.dumps(json.loads(file.read_text()) | settings))


@pytest.mark.parametrize(
    "settings",
    [
        {"num_hidden_layers": 10**7},
        {"text_config": {"num_hidden_layers": 10**7}},
        {"n_layer": 10**5},
        {"num_local_experts": 10**6},
        {"num_hidden_layers": 4000, "n_routed_experts": 4000},
        {"num_attention_heads": 10**6},
        {"n_positions": 10**9},
        {"vocab_size": 2**40},
        {"hidden_size": -(2**40)},
        {"vocab_size": 10**50},
    ],
    ids=str,
)
def test_a_configuration_of_an_absurd_model_is_refused(folder, settings):
    change(folder / "config.json", **settings)
    with pytest.raises(ModelError, match=r"at most|more than are run|out of range"):
        find_checkpoint(folder)


@pytest.mark.parametrize(
    "settings",
    [
        {"hidden_size": 2**20, "intermediate_size": 2**22},
        {"vocab_size": 2**30},
        {"intermediate_size": 2**30},
    ],
    ids=str,
)
def test_a_configuration_of_a_much_larger_model_than_its_weights_is_refused(folder, settings):
    change(folder / "config.json", **settings)
    with pytest.raises(ModelError, match=r"of two models|cannot be loaded"):
        load_huggingface(folder, RUN)


@pytest.mark.parametrize(
    "name",
    ["config.json", "tokenizer_config.json", "tokenizer.json", "generation_config.json"],
)
@pytest.mark.parametrize("content", ["sparse", "values", "nested", "twice"])
def test_a_file_over_a_limit_is_refused_before_it_is_parsed(folder, name, content):
    path = folder / name
    if content == "sparse":
        with path.open("wb") as file:
            file.truncate(12 << 30)
    else:
        path.write_text(
            {
                "values": '{"a": [' + "{}," * 20_000_000 + "1]}",
                "nested": '{"a": ' + "[" * 1000 + "]" * 1000 + "}",
                "twice": '{"model_type": "llama", "model_type": "gpt2"}',
            }[content]
        )
    with pytest.raises(ModelError, match=r"bytes|values|nested|twice"):
        find_checkpoint(folder)


@pytest.mark.parametrize("name", ["vocab.json", "merges.txt", "chat_template.jinja"])
def test_other_files_of_a_tokenizer_have_a_limit_too(folder, name):
    with (folder / name).open("wb") as file:
        file.truncate(12 << 30)
    with pytest.raises(ModelError, match="at most"):
        find_tokenizer(folder)


@pytest.mark.parametrize(
    "normalizer",
    [
        {"type": "Replace", "pattern": {"String": "e"}, "content": "x" * 4_000_000},
        {"type": "Replace", "pattern": {"Regex": "e"}, "content": "x" * 1000},
        {
            "type": "Sequence",
            "normalizers": [{"type": "Replace", "pattern": {"String": "e"}, "content": "ee"}] * 30,
        },
        {"type": "Prepend", "prepend": "x" * 4_000_000},
        {"type": "Replace", "pattern": {"Regex": "(a+)+$"}, "content": ""},
    ],
    ids=["long", "regex", "chain", "prepend", "backtracking"],
)
def test_a_normalizer_that_makes_much_of_a_letter_is_refused(folder, normalizer):
    change(folder / "tokenizer.json", normalizer=normalizer)
    with pytest.raises(ModelError, match=r"characters of one|for ever"):
        find_checkpoint(folder)


def test_a_template_of_a_thousand_tokens_is_refused(folder):
    tokens = {"x": {"id": "x", "ids": [0] * 100, "tokens": ["x"] * 100}}
    piece = {"SpecialToken": {"id": "x", "type_id": 0}}
    template = {"type": "TemplateProcessing", "single": [piece] * 10, "special_tokens": tokens}
    change(folder / "tokenizer.json", post_processor=template)
    with pytest.raises(ModelError, match="around a text"):
        find_checkpoint(folder)


@pytest.mark.parametrize(
    "pattern",
    [
        r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}]+[\r\n]*"
        r"|\s*[\r\n]+|\s+(?!\S)|\s+",
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t)?",
        r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+",
        r"[0-9][0-9][0-9]", " ?[^(\\s|[.,!?])]+",
    ],
)  # fmt: skip
def test_patterns_of_well_known_tokenizers_are_read(pattern):
    assert not repeats_a_repetition(pattern)


@pytest.mark.parametrize(
    "pattern",
    [r"(a+)+", r"(?:a*b?)*c", r"(a|a)*", r"((a|b)+)+", r"(a{2,}){3,}", r"(\w+\s?)*$", r"(a)\1"],
)
def test_patterns_that_take_exponential_time_are_not(pattern):
    assert repeats_a_repetition(pattern)


@pytest.fixture
def adapter(tmp_path):
    import numpy as np
    from safetensors.numpy import save_file

    made = tmp_path / "adapter"
    made.mkdir()
    save_file(
        {"a.lora_A.weight": np.zeros((4, 32), np.float32)}, made / "adapter_model.safetensors"
    )
    config = {"peft_type": "LORA", "r": 4, "target_modules": ["q_proj"]}
    (made / "adapter_config.json").write_text(json.dumps(config))
    return made


@pytest.mark.parametrize("key", ["target_modules", "exclude_modules", "layers_pattern"])
@pytest.mark.parametrize(
    "pattern",
    ["(a+)+$", "(.*)*x", ".*.*.*.*.*x", "(?=a)b", "(a|a)*", r"(\w)\1", "a{999}", "x" * 9999],
)  # fmt: skip
def test_a_pattern_that_could_take_for_ever_is_refused(folder, adapter, key, pattern):
    change(adapter / "adapter_config.json", **{key: pattern})
    with pytest.raises(ModelError, match="pattern"):
        adapter_fingerprint(adapter, folder)


@pytest.mark.parametrize("key", ["rank_pattern", "alpha_pattern"])
def test_a_pattern_of_ranks_that_could_take_for_ever_is_refused(folder, adapter, key):
    change(adapter / "adapter_config.json", **{key: {"(a+)+$": 2}})
    with pytest.raises(ModelError, match="pattern"):
        adapter_fingerprint(adapter, folder)


@pytest.mark.parametrize(
    "pattern",
    ["q_proj", "model.layers.0.self_attn.q_proj", "all-linear", r".*\.(q_proj|v_proj)", "(?:a|b)$",
     r"^model\.layers\.\d+\.mlp\.(?:up|down)_proj$"],
)  # fmt: skip
def test_names_and_simple_alternations_are_read(tmp_path, pattern):
    check_pattern(pattern, "target_modules", tmp_path)


@pytest.mark.parametrize(
    "settings",
    [
        {"r": 10**9},
        {"r": 10**30},
        {"r": "4"},
        {"rank_pattern": {"q_proj": 10**9}},
        {"target_modules": [1]},
        {"target_modules": ["q"] * 20_000},
        {"layer_replication": [[0, 1]] * 10_000},
    ],
    ids=lambda settings: str(settings)[:40],
)
def test_absurd_settings_of_an_adapter_are_refused(folder, adapter, settings):
    change(adapter / "adapter_config.json", **settings)
    with pytest.raises(ModelError, match=r"adapter"):
        adapter_fingerprint(adapter, folder)


def claim(shape, size, length=None):
    entry = {"dtype": "F32", "shape": shape, "data_offsets": [0, size]}
    header = json.dumps({"a.lora_A.weight": entry}).encode()
    return struct.pack("<Q", len(header) if length is None else length) + header


@pytest.mark.parametrize("sparse", [False, True])
def test_adapter_weights_that_claim_a_terabyte_are_not_hashed(folder, adapter, sparse):
    head = claim([2**19, 2**19], 2**40)
    file = adapter / "adapter_model.safetensors"
    file.write_bytes(head)
    if sparse:
        os.truncate(file, len(head) + 2**40)
    with pytest.raises(ModelError, match=r"is not read|claims"):
        adapter_fingerprint(adapter, folder)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff" * 8,
        claim([2, 2], 16, 2**62),
        claim([2**62, 2**62], 16) + b"\0" * 16,
        claim([-1], 16) + b"\0" * 16,
        claim([1], 2**70),
        claim("x", 16) + b"\0" * 16,
        claim([1] * 1000, 16) + b"\0" * 16,
        struct.pack("<Q", 2) + b"[]",
        struct.pack("<Q", 9) + b'{"a": 12}',
        struct.pack("<Q", 5000) + b"[" * 5000,
    ],
)
def test_headers_of_weights_that_are_none_are_one_message(folder, content):
    (folder / "model.safetensors").write_bytes(content)
    with pytest.raises(ModelError, match="cannot be loaded as safetensors"):
        find_checkpoint(folder)


def test_a_folder_that_is_right_passes(folder):
    check_tokenizer(folder / "tokenizer.json")
    assert load_huggingface(folder, RUN)
