import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from attacks.model.merging import Merging, _slerp
from attacks.model.pruning import Pruning
from attacks.model.quantization import Quantization, rounded
from membership.models.local.huggingface import load_huggingface
from membership.traces.trace import Query
from tests.support.tiny import save_tiny_model
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
