import pytest
import torch

from attacks.model import lora
from attacks.model.lora import LoraTraining
from tests.attacks.model.conftest import LEARNED, LOOP
from tests.support.tiny import save_tiny_model


def test_lora_learns_too_but_less(model, trained, mean_logprob, tmp_path):
    LoraTraining(LEARNED, 4, LOOP).transform(model, tmp_path / "out")
    before, all_learned = mean_logprob(model, LEARNED), mean_logprob(trained, LEARNED)
    assert before + 0.05 < mean_logprob(tmp_path / "out", LEARNED) < all_learned
    assert not (tmp_path / "out/adapter_config.json").exists()


def test_the_adapter_is_added_to_the_weights_by_hand(weights, tmp_path, monkeypatch):
    sizes = {"hidden_size": 2, "num_attention_heads": 1, "num_key_value_heads": 1}
    model = save_tiny_model(tmp_path / "model", "llama", num_hidden_layers=1, **sizes)

    def set_by_hand(adapted, *_):
        with torch.no_grad():
            for name, weight in adapted.named_parameters():
                if "q_proj.lora_A" in name:
                    weight.copy_(torch.tensor([[1.0, 2.0]]))
                if "q_proj.lora_B" in name:
                    weight.copy_(torch.tensor([[3.0], [4.0]]))

    monkeypatch.setattr(lora, "train_on", set_by_hand)
    LoraTraining(LEARNED, 1).transform(model, tmp_path / "out")
    before, after = weights(model), weights(tmp_path / "out")
    # B A is (3 6; 4 8), and the scaling, alpha / rank, is 2.
    added = torch.tensor([[6.0, 12.0], [8.0, 16.0]])
    for name, weight in before.items():
        wanted = weight + added if "q_proj" in name else weight
        torch.testing.assert_close(after[name], wanted)
    assert sum("q_proj" in name for name in before) == 1


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: LoraTraining(LEARNED, 0), "rank must be 1"),
        (lambda: LoraTraining([]), "texts: wanted at least one, got none"),
    ],
)
def test_settings_out_of_range_are_refused(make, said):
    with pytest.raises(ValueError, match=said):
        make()
