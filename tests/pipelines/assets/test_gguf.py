import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from pipelines.assets.gguf import convert
from tests.support.tiny_gguf import save_tiny_gguf
from watermark.errors import AssetError


@pytest.fixture
def folder(tmp_path):
    return save_tiny_gguf(tmp_path / "tiny.Q4_1.gguf").parent


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
