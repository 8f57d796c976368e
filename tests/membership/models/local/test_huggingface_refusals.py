import json

import numpy as np
import pytest
import transformers
from safetensors.torch import load_file, save_file

from membership.models.local.huggingface import load_huggingface
from membership.models.local.inference_settings import InferenceSettings
from membership.traces.candidate_tokens import NOT_A_NUMBER
from membership.traces.trace import Query, Slot
from tests.support.dense import traces
from tests.support.tiny import copy_model, edit_json, save_tiny_model, tiny_tokenizer
from watermark.errors import ModelError


def test_a_masked_model_is_refused(folders):
    with pytest.raises(ModelError, match="depends on later text"):
        load_huggingface(folders("bert"))


def test_a_model_without_its_head_is_refused(tmp_path):
    folder = save_tiny_model(tmp_path / "model", "bert")
    config = transformers.AutoConfig.from_pretrained(folder)
    transformers.BertModel(config).save_pretrained(folder)
    with pytest.raises(ModelError, match="6 weights are missing"):
        load_huggingface(folder)


def test_an_encoder_decoder_is_refused(folders, tmp_path):
    folder = copy_model(folders, tmp_path)
    (folder / "config.json").write_text(json.dumps({"model_type": "t5"}))
    with pytest.raises(ModelError, match="cannot be loaded as a causal language model"):
        load_huggingface(folder)


def test_an_architecture_that_is_not_known_is_refused(folders, tmp_path):
    folder = copy_model(folders, tmp_path)
    edit_json(folder / "config.json", model_type="brand_new")
    with pytest.raises(ModelError, match="brand_new"):
        load_huggingface(folder)


def test_weights_of_another_shape_are_refused(folders, tmp_path):
    folder = copy_model(folders, tmp_path)
    edit_json(folder / "config.json", intermediate_size=64)
    with pytest.raises(ModelError):
        load_huggingface(folder)


def test_broken_weights_are_refused(folders, tmp_path):
    folder = copy_model(folders, tmp_path)
    (folder / "model.safetensors").write_bytes(b"\xff" * 100)
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_huggingface(folder)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_logits_that_are_no_numbers_are_refused(folders, tmp_path, value):
    folder = copy_model(folders, tmp_path)
    weights = load_file(folder / "model.safetensors")
    weights["embed_out.weight"][5] = value
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match="not finite numbers"):
        load_huggingface(folder)


def test_a_word_that_breaks_the_model_breaks_no_other_document(folders, tmp_path):
    folder = copy_model(folders, tmp_path)
    weights = load_file(folder / "model.safetensors")
    bad = tiny_tokenizer().convert_tokens_to_ids("Ġtry")
    weights["gpt_neox.embed_in.weight"][bad] = float("nan")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    model = load_huggingface(folder, InferenceSettings(dtype="float32"))
    text = "we try a class"
    slot = Slot(text.index("class"), "class", ("class", "value"))
    good, broken = traces(model, ["a class", Query(text, (slot,))])
    assert np.isfinite(good.logprob).all()
    assert np.isnan(broken.logprob).any()
    assert broken.candidate_logprobs[0].reason == NOT_A_NUMBER


def test_a_model_that_treats_its_logits_in_an_unknown_way_is_refused(folders, monkeypatch):
    forward = transformers.LlamaForCausalLM.forward

    def bent(self, *args, **kwargs):
        output = forward(self, *args, **kwargs)
        output.logits = output.logits * 1.01
        return output

    monkeypatch.setattr(transformers.LlamaForCausalLM, "forward", bent)
    with pytest.raises(ModelError, match="LlamaForCausalLM treats its logits in a way"):
        load_huggingface(folders("llama"), InferenceSettings(dtype="float32"))


def test_a_tokenizer_without_offsets_is_refused(folders, tmp_path, monkeypatch):
    folder = copy_model(folders, tmp_path)
    (folder / "tokenizer.json").unlink()

    class Slow:
        is_fast = False

    monkeypatch.setattr(transformers.AutoTokenizer, "from_pretrained", lambda *_, **__: Slow())
    with pytest.raises(ModelError, match=r"tokenizer \(Slow\) does not report the offsets"):
        load_huggingface(folder)


def test_the_tokenizer_of_another_model_is_refused(folders, tmp_path):
    folder = copy_model(folders, tmp_path)
    tiny_tokenizer(vocab_size=900).save_pretrained(folder)
    with pytest.raises(ModelError, match="has token 899, but the model knows 600"):
        load_huggingface(folder)


def test_an_added_token_beyond_the_vocabulary_is_refused_when_a_text_needs_it(tmp_path):
    tokenizer = tiny_tokenizer()
    folder = save_tiny_model(tmp_path / "model", "gpt_neox", tokenizer)
    tokenizer.add_tokens(["qqq"])
    tokenizer.save_pretrained(folder)
    model = load_huggingface(folder)
    assert len(traces(model, ["a class"])[0].logprob)
    with pytest.raises(ModelError, match="made token 600, but the model knows 600"):
        traces(model, ["a qqq class"])


@pytest.mark.parametrize(
    "content", ["{}", "not JSON", '{"version": "1.0", "model": {"type": "X"}}']
)
def test_a_broken_tokenizer_is_refused(folders, tmp_path, content):
    folder = copy_model(folders, tmp_path)
    (folder / "tokenizer.json").write_text(content)
    with pytest.raises(ModelError):
        load_huggingface(folder)


def test_a_tokenizer_that_makes_its_library_panic_is_refused(folders, tmp_path):
    folder = copy_model(folders, tmp_path)
    charsmap = {"type": "Precompiled", "precompiled_charsmap": "AAAA"}
    edit_json(folder / "tokenizer.json", normalizer=charsmap)
    with pytest.raises(ModelError, match="PanicException"):
        load_huggingface(folder)


def test_a_folder_without_a_tokenizer_is_refused(folders, tmp_path):
    folder = copy_model(folders, tmp_path)
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ModelError):
        load_huggingface(folder)


def test_a_device_that_is_not_there_is_refused(folders):
    with pytest.raises(ModelError, match="torch knows no such device"):
        load_huggingface(folders("llama"), InferenceSettings(device="abacus"))
