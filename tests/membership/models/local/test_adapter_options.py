"""Every option of an adapter: what peft itself computes, or a message with a way out."""

import json
import shutil
import warnings
from typing import Any

import numpy as np
import peft
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from membership.models.local.adapter import find_base, load_adapter
from membership.models.local.inference_settings import InferenceSettings
from tests.support.dense import traces
from tests.support.tiny import edit_json, save_tiny_model
from watermark.errors import ModelError

TEXTS = ("It is not the case that the statement with a class is a try.", "a class", "for x in y")
RUN = InferenceSettings(dtype="float32", device="cpu")
PARTS = {
    "llama": ("q_proj", "lm_head", "embed_tokens"),
    "gemma2": ("q_proj", "lm_head", "embed_tokens"),
    "gpt2": ("c_attn", "lm_head", "wte"),
    "gpt_neox": ("query_key_value", "lm_head", "embed_in"),
}
READ: dict[str, dict[str, Any]] = {
    "plain": {},
    "head": {"target_modules": ["ATTENTION", "HEAD"]},
    "embeddings": {"target_modules": ["ATTENTION", "EMBEDDINGS"]},
    "head and embeddings": {"target_modules": ["ATTENTION", "HEAD", "EMBEDDINGS"]},
    "saved head": {"modules_to_save": ["HEAD"]},
    "saved embeddings": {"modules_to_save": ["EMBEDDINGS"]},
    "saved both": {"modules_to_save": ["HEAD", "EMBEDDINGS"]},
    "dora": {"use_dora": True, "target_modules": ["ATTENTION", "HEAD"]},
    "dora of embeddings": {"use_dora": True, "target_modules": ["ATTENTION", "EMBEDDINGS"]},
    "rslora": {"use_rslora": True, "target_modules": ["ATTENTION", "HEAD"]},
    "patterns": {
        "target_modules": ["ATTENTION", "HEAD"],
        "alpha_pattern": {"HEAD": 32},
        "rank_pattern": {"ATTENTION": 2},
    },
    "all biases": {"bias": "all", "target_modules": ["ATTENTION", "HEAD"]},
    "biases of lora": {"bias": "lora_only"},
    "new biases": {"lora_bias": True, "target_modules": ["ATTENTION"]},
    "new bias of the head": {"lora_bias": True, "target_modules": ["ATTENTION", "HEAD"]},
    "fan": {"fan_in_fan_out": True},
    "one layer": {"layers_to_transform": [1]},
    "all linear": {"target_modules": "all-linear"},
    "parameters": {"target_modules": [], "target_parameters": ["ATTENTION.weight"]},
    "gaussian": {"init_lora_weights": "gaussian"},
    "mica": {"init_lora_weights": "mica"},
}
REFUSED: dict[str, dict[str, Any]] = {
    "trainable_token_indices": {"trainable_token_indices": [3, 5, 300]},
    "ensure_weight_tying": {"modules_to_save": ["EMBEDDINGS"], "ensure_weight_tying": True},
    "init_lora_weights": {"init_lora_weights": "pissa"},
    "olora": {"init_lora_weights": "olora"},
}
CASES = [
    pytest.param(kind, tied, name, marks=[] if kind == "llama" and tied else pytest.mark.slow)
    for kind in PARTS
    for tied in (True, False)
    for name in READ
]


@pytest.fixture(scope="module")
def bases(tmp_path_factory):
    folder, made = tmp_path_factory.mktemp("bases"), {}

    def base(kind, tied):
        if (kind, tied) not in made:
            settings = {"tie_word_embeddings": tied}
            made[kind, tied] = save_tiny_model(folder / f"{kind}{tied}", kind, **settings)
        return made[kind, tied]

    return base


def spelled(value, kind):
    """Put in what an architecture calls its attention, head and embeddings."""
    text = json.dumps(value)
    for word, name in zip(("ATTENTION", "HEAD", "EMBEDDINGS"), PARTS[kind], strict=True):
        text = text.replace(word, name)
    return json.loads(text)


def save_adapter(base, folder, kind="llama", **settings):
    options = {"r": 4, "lora_alpha": 8, "target_modules": ["ATTENTION"], **settings}
    model = transformers.AutoModelForCausalLM.from_pretrained(base)
    config = peft.LoraConfig(task_type="CAUSAL_LM", **spelled(options, kind))
    generator = torch.Generator().manual_seed(3)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        changed = peft.get_peft_model(model, config)
        for name, weight in changed.named_parameters():
            if weight.requires_grad or "lora_" in name:
                weight.add_(torch.randn(weight.shape, generator=generator), alpha=0.2)
        changed.save_pretrained(folder)
    return folder


@torch.inference_mode()
def in_peft(base, folder, tokenizer, text):
    """Run the adapter as peft does, from the files, before anything of ours has touched it."""
    model = transformers.AutoModelForCausalLM.from_pretrained(base)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = peft.PeftModel.from_pretrained(model, folder).eval()
    ids = torch.tensor([[*tokenizer.start, *tokenizer.encode([text])[0].ids]])
    rows = model(input_ids=ids).logits[0].log_softmax(-1)
    return rows[:-1].gather(1, ids[0, 1:, None])[:, 0].numpy()


@pytest.mark.parametrize(("kind", "tied", "name"), CASES)
def test_an_option_that_is_read_gives_what_peft_gives(bases, tmp_path, kind, tied, name):
    base = bases(kind, tied)
    folder = save_adapter(base, tmp_path / "adapter", kind, **READ[name])
    model = load_adapter(folder, str(base), RUN)
    mixed = traces(model, TEXTS)
    for text, trace in zip(TEXTS, mixed, strict=True):
        wanted = in_peft(base, folder, model.tokenizer, text)
        np.testing.assert_allclose(trace.logprob, wanted, atol=1e-4)
        np.testing.assert_allclose(traces(model, [text])[0].logprob, wanted, atol=1e-4)


@pytest.mark.parametrize("name", REFUSED)
def test_an_option_that_is_not_read_is_refused_with_a_way_out(bases, tmp_path, name):
    base = bases("llama", True)
    folder = save_adapter(base, tmp_path / "adapter", **REFUSED[name])
    with pytest.raises(ModelError, match="merge_and_unload") as caught:
        load_adapter(folder, str(base), RUN)
    assert list(REFUSED[name])[-1] in str(caught.value)


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("part", [{}, {"target_modules": ["ATTENTION", "HEAD", "EMBEDDINGS"]}])
def test_an_adapter_with_resized_embeddings_is_refused_with_a_way_out(bases, tmp_path, tied, part):
    base = bases("llama", tied)
    model = transformers.AutoModelForCausalLM.from_pretrained(base)
    model.resize_token_embeddings(605)
    model.save_pretrained(tmp_path / "resized")
    settings = part or {"modules_to_save": ["EMBEDDINGS", "HEAD"]}
    folder = save_adapter(tmp_path / "resized", tmp_path / "adapter", **settings)
    with pytest.raises(ModelError, match=r"trained with 605 rows in .* the base has 600") as caught:
        load_adapter(folder, str(base), RUN)
    assert "--base" in str(caught.value)
    assert "merge_and_unload" in str(caught.value)
    shutil.copy(base / "tokenizer.json", tmp_path / "resized")
    shutil.copy(base / "tokenizer_config.json", tmp_path / "resized")
    model = load_adapter(folder, str(tmp_path / "resized"), RUN)  # the way out that it names
    wanted = in_peft(tmp_path / "resized", folder, model.tokenizer, TEXTS[0])
    np.testing.assert_allclose(traces(model, TEXTS[:1])[0].logprob, wanted, atol=1e-4)


@pytest.mark.parametrize(("bias", "kind"), [("all", "gpt2"), ("lora_only", "gpt2")])
def test_biases_that_were_trained_and_are_not_there_are_missed(bases, tmp_path, bias, kind):
    base = bases(kind, True)
    folder = save_adapter(base, tmp_path / "adapter", kind, bias=bias)
    file = folder / "adapter_model.safetensors"
    kept = {key: w for key, w in load_file(file).items() if not key.endswith("bias")}
    save_file(kept, file, {"format": "pt"})
    with pytest.raises(ModelError, match=r"do not fit the base, such as .*\.bias"):
        load_adapter(folder, str(base), RUN)


def test_the_base_is_that_of_the_revision_which_the_adapter_names(bases, tmp_path):
    folder = save_adapter(bases("llama", True), tmp_path / "adapter")
    config = {"base_model_name_or_path": "someone/base", "revision": "v2"}
    edit_json(folder / "adapter_config.json", **config)
    with pytest.raises(ModelError, match="someone/base at revision v2"):
        find_base(folder, None)


def test_the_base_keeps_its_own_weights(bases, tmp_path):
    """A head that is tied to the embeddings is merged in a copy."""
    base = bases("llama", True)
    folder = save_adapter(base, tmp_path / "adapter", **READ["head"])
    model = load_adapter(folder, str(base), RUN).model
    stored = load_file(base / "model.safetensors")["model.embed_tokens.weight"]
    assert (model.get_input_embeddings().weight == stored).all()
