import sys

import numpy as np
import pytest
import torch

from attacks.model.gguf_quantization import FORMATS, GgufQuantization, through_gguf
from membership.models.local.huggingface import load_huggingface
from membership.traces.trace import Query
from tests.support.tiny import save_tiny_model
from watermark.errors import ModelError, PrerequisiteError


@pytest.fixture
def wide(tmp_path):
    return save_tiny_model(tmp_path / "wide", "llama", intermediate_size=64)


def test_four_bits_by_hand():
    # The weight of largest magnitude becomes -8 times the scale: here -8 / -8 = 1.
    block = torch.zeros(1, 32)
    block[0, :6] = torch.tensor([-8.0, 7.0, 2.0, 2.4, 2.6, -0.4])
    found = through_gguf(block, "Q4_0")[0]
    assert found[:6].tolist() == [-8.0, 7.0, 2.0, 2.0, 3.0, 0.0]
    assert not found[6:].any()
    # With a minimum: 15 steps from the least weight, -8, to the largest, 7.
    assert through_gguf(block, "Q4_1")[0, :6].tolist() == [-8.0, 7.0, 2.0, 2.0, 3.0, 0.0]


def test_more_bits_lose_less():
    matrix = torch.randn(8, 64, generator=torch.Generator().manual_seed(0))
    lost = {form: float((through_gguf(matrix, form) - matrix).abs().mean()) for form in FORMATS}
    assert lost["Q4_1"] < lost["Q4_0"]
    assert lost["Q8_0"] < lost["Q5_1"] < lost["Q5_0"] < lost["Q4_0"]


def test_the_new_model_is_made_the_same_again_and_can_be_audited(wide, run_twice, weights):
    out = run_twice(GgufQuantization(), wide)
    head = weights(out)["lm_head.weight"]
    assert len(np.unique(head[0])) <= 16
    assert torch.equal(
        weights(out)["model.embed_tokens.weight"], weights(wide)["model.embed_tokens.weight"]
    )
    ((_, trace),) = load_huggingface(out).trace([Query("if the loop ends")])
    assert np.isfinite(trace.logprob).all()


def test_the_rows_of_gpt2_are_those_of_its_transposed_weights(tmp_path, weights):
    gpt2 = save_tiny_model(tmp_path / "gpt2", "gpt2")
    GgufQuantization("Q8_0").transform(gpt2, tmp_path / "out")
    name = "transformer.h.0.attn.c_attn.weight"
    before, after = weights(gpt2)[name], weights(tmp_path / "out")[name]
    assert torch.equal(after.T, through_gguf(before.T, "Q8_0"))
    assert (after != before).any()


def test_what_cannot_be_packed_is_refused(model, tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="format must be one of Q4_0"):
        GgufQuantization("Q4_K_M")
    with pytest.raises(ModelError, match="have 48 weights, and GGUF packs them by 32"):
        GgufQuantization().transform(model, tmp_path / "out")
    monkeypatch.setitem(sys.modules, "gguf", None)
    with pytest.raises(PrerequisiteError, match=r"gguf is not installed.*leximark\[attacks\]"):
        GgufQuantization().transform(model, tmp_path / "out")
