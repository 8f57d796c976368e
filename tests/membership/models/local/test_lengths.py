from typing import Any

import numpy as np
import pytest
import torch
import transformers

from membership.models.local.huggingface import load_huggingface
from membership.models.local.inference_settings import InferenceSettings
from membership.models.local.lengths import LengthGroups
from tests.support.dense import traces
from tests.support.tiny import TEXTS, save_tiny_model, tiny_tokenizer
from watermark.errors import ModelError

LIMIT = 40
SHORT, LONG = TEXTS[0][:90], TEXTS[0][:240]
LONGROPE: dict[str, Any] = {
    "max_position_embeddings": 160,
    "original_max_position_embeddings": LIMIT,
    "rope_scaling": {
        "type": "longrope",
        "short_factor": [1.0] * 4,
        "long_factor": [1.5, 4.0, 20.0, 60.0],
    },
}

FLOAT32 = InferenceSettings(dtype="float32", batch_tokens=10_000)


def save(folder, kind, **config):
    """Save a model whose `model_type` the shared tiny models do not have."""
    settings = {
        "vocab_size": 600, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "pad_token_id": 0, "bos_token_id": 0,
        "eos_token_id": 0,
    }  # fmt: skip
    settings = transformers.AutoConfig.for_model(kind, **settings, **config)
    model = transformers.AutoModelForCausalLM.from_config(settings)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() > 1:
                weight.normal_(0, 0.25, generator=generator)
    model.save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    return folder


@torch.inference_mode()
def in_transformers(folder, model, text):
    """Read a text alone, in a model that has read nothing before."""
    fresh = transformers.AutoModelForCausalLM.from_pretrained(folder).eval()
    ids = torch.tensor([[*model.tokenizer.start, *model.tokenizer.encode([text])[0].ids]])
    rows = fresh(input_ids=ids, use_cache=False).logits[0].log_softmax(-1)
    return rows[:-1].gather(1, ids[0, 1:, None])[:, 0].numpy()


def assert_the_same_alone_and_mixed(folder, model, texts=(LONG, SHORT, "a", LONG[30:200])):
    lengths = [len(each.ids) + 1 for each in model.tokenizer.encode(list(texts))]
    assert min(lengths) <= LIMIT < max(lengths)
    mixed = traces(model, texts)
    for text, trace in zip(texts, mixed, strict=True):
        wanted = in_transformers(folder, model, text)
        np.testing.assert_allclose(trace.logprob, wanted, atol=1e-4)
        np.testing.assert_allclose(traces(model, [text])[0].logprob, wanted, atol=1e-4)


@pytest.mark.parametrize(
    ("kind", "config"),
    [("phi3", {}), ("phimoe", {"num_local_experts": 4}), ("llama", {"head_dim": 8})],
)
def test_no_batch_spans_the_length_at_which_the_positions_change(tmp_path, kind, config):
    scaling = dict(LONGROPE["rope_scaling"])
    if kind == "phimoe":
        scaling |= {"short_mscale": 1.0, "long_mscale": 1.3}
        scaling |= {"original_max_position_embeddings": LIMIT}
    if kind == "llama":
        scaling |= {"factor": 4.0, "original_max_position_embeddings": LIMIT}
    folder = save(tmp_path / kind, kind, **{**LONGROPE, "rope_scaling": scaling, **config})
    model = load_huggingface(folder, FLOAT32)
    assert model.settings.endswith(f"no batch across {LIMIT} tokens")
    assert_the_same_alone_and_mixed(folder, model)


def test_positions_scaled_by_dynamic_ntk_are_those_of_a_short_text(tmp_path):
    folder = save_tiny_model(
        tmp_path / "model", "llama", rope_scaling={"type": "dynamic", "factor": 4.0}
    )
    model = load_huggingface(folder, FLOAT32)
    assert_the_same_alone_and_mixed(folder, model)
    with pytest.raises(ModelError, match="at most 96"):  # beyond, each length has its own numbers
        load_huggingface(folder, InferenceSettings(max_length=97))


def test_a_model_that_changes_with_every_length_gets_batches_of_one_length(folders, monkeypatch):
    forward = transformers.LlamaModel.forward

    def bent(self, *args, **kwargs):
        output = forward(self, *args, **kwargs)
        output.last_hidden_state = output.last_hidden_state * (
            1 + output.last_hidden_state.shape[1] / 100
        )
        return output

    monkeypatch.setattr(transformers.LlamaModel, "forward", bent)
    model = load_huggingface(folders("llama"), FLOAT32)
    assert model.settings.endswith("batches of one length")
    assert_the_same_alone_and_mixed(folders("llama"), model)


def test_a_model_that_remembers_what_it_has_read_is_refused(folders, monkeypatch):
    forward = transformers.LlamaModel.forward
    longest = [0]

    def bent(self, *args, **kwargs):
        output = forward(self, *args, **kwargs)
        longest[0] = max(longest[0], output.last_hidden_state.shape[1])
        output.last_hidden_state = output.last_hidden_state * (1 + longest[0] / 100)
        return output

    monkeypatch.setattr(transformers.LlamaModel, "forward", bent)
    with pytest.raises(ModelError, match="change after it has read one of 96 tokens"):
        load_huggingface(folders("llama"), InferenceSettings(dtype="float32"))


def test_a_model_that_looks_at_the_other_texts_of_a_batch_is_refused(folders, monkeypatch):
    forward = transformers.LlamaForCausalLM.forward

    def bent(self, *args, **kwargs):
        output = forward(self, *args, **kwargs)
        output.logits = output.logits * len(output.logits)
        return output

    monkeypatch.setattr(transformers.LlamaForCausalLM, "forward", bent)
    with pytest.raises(ModelError, match="depends on the other texts of its batch"):
        load_huggingface(folders("llama"), InferenceSettings(dtype="float32"))


def test_lengths_on_one_side_of_a_limit_are_one_group():
    groups = LengthGroups((40, 80))
    assert [groups.group(n) for n in (1, 40, 41, 80, 81)] == [0, 0, 1, 1, 2]
    assert str(LengthGroups()) == ""
