import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from membership.models.local.huggingface import load_huggingface
from membership.models.local.inference_settings import InferenceSettings
from tests.support.dense import traces
from tests.support.tiny import edit_json, save_tiny_model
from watermark.errors import ModelError

FLOAT32 = InferenceSettings(dtype="float32")


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return save_tiny_model(tmp_path_factory.mktemp("base") / "model", "llama")


@pytest.fixture
def saved_with(base, tmp_path):
    """Save the model with other weights and settings."""

    def save(change, **settings):
        folder = shutil.copytree(base, tmp_path / "model")
        weights = load_file(folder / "model.safetensors")
        save_file(change(weights), folder / "model.safetensors", {"format": "pt"})
        edit_json(folder / "config.json", **settings)
        return folder

    return save


def few_bits(kind, scale_name):
    """Store the matrices in 8 bits, with or without a scale beside each."""

    def change(weights):
        stored = {}
        largest = 127 if kind == torch.int8 else 448
        for key, weight in weights.items():
            if "proj" not in key:
                stored[key] = weight
                continue
            scale = weight.abs().max() / largest
            stored[key] = (weight / scale).to(kind)
            if scale_name:
                stored[key.replace("weight", scale_name)] = scale.reshape(1, 1)
        return stored

    return change


def added(**extra):
    return lambda weights: weights | {key.replace("__", "."): w for key, w in extra.items()}


LAYER, UP = "model__layers__0__", "mlp.up_proj.weight"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (few_bits(torch.int8, "weight_scale"), "stored as I8: the model was quantized"),
        (few_bits(torch.int8, ""), "stored as I8: the model was quantized"),
        (few_bits(torch.float8_e4m3fn, "weight_scale_inv"), "stored as F8_E4M3"),
        (
            lambda w: w | {LAYER.replace("__", ".") + UP: torch.ones(48, 32, dtype=torch.int32)},
            "stored as I32",
        ),
        (added(**{LAYER + "mlp__up_proj__scales": torch.ones(1)}), "scales of a quantized model"),
        (added(**{LAYER + "self_attn__q_proj__bias": torch.ones(32)}), "switch them on"),
        (added(lm_head__bias=torch.ones(600)), "switch them on"),
        (
            lambda w: w | {k.replace("rs.1.", "rs.2."): v.clone() for k, v in w.items()},
            "further layers, config.json says num_hidden_layers 2",
        ),
        (added(**{LAYER + "self_attn__q_proj__lora_A__weight": torch.ones(4, 32)}), "an adapter"),
        (added(**{LAYER + "self_attn__q_norm__weight": torch.ones(8)}), "another architecture"),
        (added(model__vision_tower__patch__weight=torch.ones(8)), "another architecture"),
        (added(**{LAYER + "mlp__gate__e_score": torch.ones(8)}), "another architecture"),
    ],
    ids=[
        "int8", "int8 without scales", "fp8", "int32", "scales", "bias", "bias of the head",
        "layer", "adapter", "norm", "tower", "router",
    ],
)  # fmt: skip
def test_weights_that_the_model_does_not_know_are_refused(saved_with, change, words):
    with pytest.raises(ModelError, match=words):
        load_huggingface(saved_with(change), FLOAT32)


@pytest.mark.parametrize(
    "settings",
    [
        {"compression_config": {"quant_method": "compressed-tensors"}},
        {"text_config": {"quantization_config": {"quant_method": "fp8"}}},
    ],
)
def test_a_quantized_model_is_refused_wherever_its_configuration_says_so(saved_with, settings):
    with pytest.raises(ModelError, match="is quantized"):
        load_huggingface(saved_with(dict, **settings))


@pytest.mark.parametrize("file", ["hf_quant_config.json", "quantize_config.json"])
def test_a_quantized_model_is_refused_if_a_file_beside_it_says_so(saved_with, file):
    folder = saved_with(dict)
    (folder / file).write_text("{}")
    with pytest.raises(ModelError, match=f"is quantized \\({file}\\)"):
        load_huggingface(folder)


def test_what_older_libraries_saved_beside_the_weights_does_no_harm(saved_with, base):
    extra = {
        LAYER + "self_attn__rotary_emb__inv_freq": torch.ones(4),
        LAYER + "self_attn__masked_bias": torch.tensor(-1e4),
        "model__position_ids": torch.arange(96)[None],
    }
    old = load_huggingface(saved_with(added(**extra)), FLOAT32)
    (want,), (found,) = (
        traces(model, ["a class"]) for model in (load_huggingface(base, FLOAT32), old)
    )
    assert (want.logprob == found.logprob).all()


def test_the_towers_of_a_model_that_also_sees_take_no_part_in_text(saved_with):
    tower = {"model__vision_tower__patch__weight": torch.ones(8)}
    folder = saved_with(added(**tower), vision_config={"hidden_size": 8})
    assert len(traces(load_huggingface(folder), ["a class"])[0].logprob)


def test_a_head_of_its_own_counts_although_the_configuration_ties_it(saved_with, base):
    weights = load_file(base / "model.safetensors")
    assert "lm_head.weight" in weights
    folder = saved_with(dict, tie_word_embeddings=True)
    (want,), (found,) = (
        traces(load_huggingface(each, FLOAT32), ["a class"]) for each in (base, folder)
    )
    assert (want.logprob == found.logprob).all()


@pytest.mark.parametrize("size", [500, 700])
def test_another_number_of_tokens_than_the_weights_have_is_refused_with_both(saved_with, size):
    with pytest.raises(ModelError, match=f"600x32 in the file and {size}x32 in the model; set voc"):
        load_huggingface(saved_with(dict, vocab_size=size))


@pytest.mark.parametrize("settings", [{"intermediate_size": 64}, {"num_key_value_heads": 4}])
def test_weights_of_another_shape_are_refused_with_both_shapes(saved_with, settings):
    with pytest.raises(ModelError, match=r"_proj.weight is \d+x\d+ in the file and .* two models"):
        load_huggingface(saved_with(dict, **settings))


def test_an_index_that_names_a_weight_which_no_file_has_is_refused(saved_with):
    folder = saved_with(dict)
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    weights.pop("model.norm.weight")
    save_file(weights, folder / "a.safetensors", {"format": "pt"})
    index = {
        "metadata": {},
        "weight_map": dict.fromkeys([*weights, "model.norm.weight"], "a.safetensors"),
    }
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(ModelError, match=r"model\.norm\.weight"):
        load_huggingface(folder)
