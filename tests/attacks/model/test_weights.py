import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from attacks.model import checkpoint
from attacks.model.merging import Merging, _slerp
from attacks.model.pruning import Pruning
from attacks.model.quantization import Quantization, rounded
from membership.models.local.huggingface import load_huggingface
from membership.traces.trace import Query
from tests.support.tiny import TEXTS, save_tiny_model, tiny_tokenizer
from watermark.errors import ModelError


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    return [save_tiny_model(folder / str(seed), seed=seed) for seed in range(2)]


def weights(folder):
    return load_file(folder / "model.safetensors")


def test_pruning_sets_the_smallest_of_each_matrix_to_zero():
    matrix = torch.tensor([[1.0, -4.0], [3.0, -2.0]])
    assert Pruning(0.5)._pruned(matrix).tolist() == [[0.0, -4.0], [3.0, 0.0]]
    assert Pruning(0.0)._pruned(matrix).tolist() == matrix.tolist()


def test_rounding_to_three_bits_by_hand():
    # Largest 3 = 2^2 - 1: scale 1 in the first group, 2 in the second.
    matrix = torch.tensor([[3.0, 1.4, -6.0, 2.9]])
    assert rounded(matrix, 3, 2).tolist() == [[3.0, 1.0, -6.0, 2.0]]
    exact = torch.randn(8, 33, generator=torch.Generator().manual_seed(0))
    assert (rounded(exact, 8, 32) - exact).abs().max() < 0.02
    assert rounded(torch.zeros(2, 2), 4, 2).tolist() == [[0.0, 0.0]] * 2


def test_an_arc_between_right_angles_by_hand():
    one, other = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])
    assert _slerp(one, other, 0.5).tolist() == pytest.approx([2**-0.5] * 2)
    assert _slerp(one, 2 * one, 0.5).tolist() == [1.5, 0.0]


def test_a_quarter_of_another_model_by_hand(models, tmp_path):
    for number, value in enumerate((1.0, 5.0)):
        copy = shutil.copytree(models[number], tmp_path / str(number))
        filled = {name: torch.full_like(each, value) for name, each in weights(copy).items()}
        save_file(filled, copy / "model.safetensors", {"format": "pt"})
    Merging(tmp_path / "1", 0.25).transform(tmp_path / "0", tmp_path / "out")
    for weight in weights(tmp_path / "out").values():
        assert (weight == 2.0).all()  # 3/4 * 1 + 1/4 * 5


@pytest.mark.parametrize("method", ["linear", "slerp"])
def test_merging_with_no_share_of_the_other_is_the_model_and_all_of_it_the_other(
    models, tmp_path, method
):
    for share, wanted in ((0.0, models[0]), (1.0, models[1])):
        out = tmp_path / f"{method}-{share}"
        Merging(models[1], share, method).transform(models[0], out)
        for name, weight in weights(wanted).items():
            torch.testing.assert_close(weights(out)[name], weight, atol=1e-5, rtol=1e-5)


def test_a_model_of_another_shape_is_refused(models, tmp_path):
    other = save_tiny_model(tmp_path / "wide", hidden_size=64)
    with pytest.raises(ModelError, match="name a model of the same architecture"):
        Merging(other).transform(models[0], tmp_path / "out")


def test_models_of_another_depth_or_vocabulary_are_not_merged(models, tmp_path):
    deep = save_tiny_model(tmp_path / "deep", num_hidden_layers=3)
    for one, other in ((models[0], deep), (deep, models[0])):
        with pytest.raises(ModelError, match=r"None: it is not there.*the same architecture"):
            Merging(other).transform(one, tmp_path / "out")
    tokenizer = tiny_tokenizer()
    other = save_tiny_model(tmp_path / "other", tokenizer=tokenizer)
    words = tiny_tokenizer([text.upper() for text in TEXTS], vocab_size=len(tokenizer))
    assert len(words) == len(tokenizer)
    words.save_pretrained(other)
    with pytest.raises(ModelError, match="has another vocabulary than the model"):
        Merging(other).transform(models[0], tmp_path / "out")


def test_all_layers_of_gpt2_are_rounded_and_so_are_embeddings_tied_to_the_head(tmp_path):
    gpt2 = save_tiny_model(tmp_path / "gpt2", "gpt2")
    Quantization(2, 8).transform(gpt2, tmp_path / "out")
    before, after = weights(gpt2), weights(tmp_path / "out")
    for name, weight in after.items():
        linear = any(part in name for part in ("c_attn", "c_proj", "c_fc"))
        if "wte" in name or (linear and weight.ndim == 2):
            rows = weight if "wte" in name else weight.T  # Conv1D has an output in each column
            assert all(len(group.abs().unique()) <= 2 for group in rows[:, :8]), name
            assert (weight != before[name]).any()
        else:
            assert (weight == before[name]).all(), name


def test_a_model_without_inner_linear_layers_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "LINEAR", (torch.nn.Linear,))
    gpt2 = save_tiny_model(tmp_path / "gpt2", "gpt2")  # without Conv1D only its head is linear
    with pytest.raises(ModelError, match="has no linear layer besides its output head"):
        Quantization().transform(gpt2, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_weights_that_are_not_finite_are_not_written(models, tmp_path):
    loaded, tokenizer = checkpoint.load_checkpoint(models[0])
    with torch.no_grad():
        next(loaded.parameters()).view(-1)[3] = torch.nan
    with pytest.raises(ModelError, match=r"embed_in\.weight has weights that are not finite"):
        checkpoint.save_checkpoint(loaded, tokenizer, tmp_path / "out")


@pytest.mark.parametrize("attack", [Pruning(), Quantization(8), Quantization(4)])
def test_the_new_model_is_another_and_can_be_audited_and_is_made_the_same_again(
    models, tmp_path, attack
):
    before = (models[0] / "model.safetensors").read_bytes()
    attack.transform(models[0], tmp_path / "one")
    attack.transform(models[0], tmp_path / "two")
    found = (tmp_path / "one/model.safetensors").read_bytes()
    assert found == (tmp_path / "two/model.safetensors").read_bytes() != before
    assert (models[0] / "model.safetensors").read_bytes() == before
    ((_, trace),) = load_huggingface(tmp_path / "one").trace([Query("if the loop ends")])
    assert np.isfinite(trace.logprob).all()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Pruning(2.0), "share must lie"),
        (lambda: Quantization(16), "bits must lie"),
        (lambda: Quantization(4, 0), "group must be"),
        (lambda: Merging(Path("x"), 0.5, "mean"), "method must be linear or slerp"),
    ],
)
def test_settings_out_of_range_are_refused(make, said):
    with pytest.raises(ValueError, match=said):
        make()
