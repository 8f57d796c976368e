import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from membership.models.local.gguf import gguf_fingerprint, is_gguf, load_gguf
from membership.models.local.inference_settings import InferenceSettings
from membership.traces.trace import Query
from tests.support.tiny_gguf import save_tiny_gguf
from watermark.errors import ModelError

TEXT = "the thin path to the north"
RUN = InferenceSettings(dtype="float32", device="cpu")


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return save_tiny_gguf(tmp_path_factory.mktemp("gguf") / "tiny.Q4_1.gguf")


@torch.inference_mode()
def test_a_gguf_file_scores_as_transformers_expands_it(file):
    assert is_gguf(file)
    model = load_gguf(file, RUN)
    assert model.settings.endswith("expanded from GGUF")
    ((_, trace),) = model.trace([Query(TEXT)])
    source = {"gguf_file": file.name}
    wanted = AutoModelForCausalLM.from_pretrained(file.parent, dtype=torch.float32, **source)
    tokenizer = AutoTokenizer.from_pretrained(file.parent, **source)
    ids = tokenizer(TEXT, add_special_tokens=False)["input_ids"]
    rows = wanted(input_ids=torch.tensor([[tokenizer.bos_token_id, *ids]])).logits[0]
    own = rows.log_softmax(-1)[range(len(ids)), ids]
    np.testing.assert_array_equal(trace.token_ids, ids)
    np.testing.assert_allclose(trace.logprob, own, atol=1e-4)


def test_the_fingerprint_is_that_of_the_file(file, tmp_path):
    copy = tmp_path / "copy.gguf"
    copy.write_bytes(file.read_bytes())
    assert gguf_fingerprint(copy) == gguf_fingerprint(file)
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    copy.write_bytes(content)
    assert gguf_fingerprint(copy) != gguf_fingerprint(file)


@pytest.mark.parametrize("content", [b"not one", b"GGUF and then nothing"])
def test_a_file_that_is_none_is_one_message(tmp_path, content):
    (tmp_path / "bad.gguf").write_bytes(content)
    with pytest.raises(ModelError, match=r"bad\.gguf"):
        load_gguf(tmp_path / "bad.gguf", RUN)


def test_a_missing_library_is_named(file, monkeypatch):
    monkeypatch.setattr("membership.models.local.gguf.find_spec", lambda name: None)
    with pytest.raises(ModelError, match=r"install leximark\[gguf\]"):
        load_gguf(file, RUN)


@pytest.mark.parametrize(
    "extra",
    [
        {"blk.0.attn_q.bias": (32,)},
        {"output.bias": (264,)},
        {"blk.0.attn_q_norm.weight": (8,)},
        {"blk.2.attn_norm.weight": (32,)},
        {"mm.0.weight": (4, 32)},
    ],
    ids=["bias", "bias of the head", "norm", "layer", "projector"],
)
def test_weights_that_have_no_place_in_the_expanded_model_are_refused(tmp_path, extra):
    file = save_tiny_gguf(tmp_path / "tiny.gguf", extra=extra)
    with pytest.raises(ModelError, match=r"some weights have no place in it; run .* llama\.cpp\+"):
        load_gguf(file, RUN)


@pytest.mark.parametrize(
    "settings",
    [
        {"extra": {"rope_freqs.weight": (4,)}},
        {"extra": {"rope_factors_long.weight": (4,), "rope_factors_short.weight": (4,)}},
        {"rope_scaling": "yarn"},
        {"rope_scaling": "linear"},
    ],
    ids=["Llama 3.1", "Phi 3", "yarn", "linear"],
)
def test_scaled_positions_are_refused_because_they_would_be_lost(tmp_path, settings):
    file = save_tiny_gguf(tmp_path / "tiny.gguf", **settings)
    with pytest.raises(ModelError, match=r"scales its rotary embeddings .* run .* llama\.cpp\+"):
        load_gguf(file, RUN)


def test_positions_that_are_said_not_to_be_scaled_are_read(tmp_path):
    file = save_tiny_gguf(tmp_path / "tiny.gguf", rope_scaling="none")
    assert load_gguf(file, RUN).settings.endswith("expanded from GGUF")
