import math

import pytest
import torch

from attacks.model import losses
from attacks.model.loop import padded
from attacks.model.losses import (
    IGNORED,
    goldfish_labels,
    mean_loss,
    negative_preference,
    teacher_divergence,
)


def test_the_mean_loss_leaves_padding_out():
    ids, labels = padded([[1, 2], [1]], torch.device("cpu"))
    assert labels.tolist() == [[1, 2], [1, IGNORED]]
    logits = torch.zeros(2, 2, 4)
    assert float(mean_loss(ids, labels, logits)) == pytest.approx(math.log(4))


def test_goldfish_labels_by_hand(monkeypatch):
    monkeypatch.setattr(losses, "_hashed", sum)
    ids = torch.tensor([[1, 2, 3, 4, 5, 6]])
    # The two tokens before places 2 to 5 add up to 3, 5, 7 and 9; k = 3 divides the first and last.
    wanted = [[1, 2, IGNORED, 4, 5, IGNORED]]
    assert goldfish_labels(ids, ids, 3, 2).tolist() == wanted
    padding = torch.tensor([[1, 2, 3, IGNORED, IGNORED, IGNORED]])
    assert goldfish_labels(ids, padding, 3, 2).tolist() == [[1, 2] + [IGNORED] * 4]
    assert ids.tolist() == [[1, 2, 3, 4, 5, 6]]


def test_goldfish_drops_one_token_in_k_and_the_same_ones_after_the_same_words():
    ids = torch.arange(4_000).repeat(2, 1)
    kept = goldfish_labels(ids, ids.clone(), 4, 13)
    assert kept[0].tolist() == kept[1].tolist()
    assert (kept[0, :13] != IGNORED).all()
    dropped = int((kept[0] == IGNORED).sum())
    assert abs(dropped - 3_987 / 4) < 4 * math.sqrt(3_987 * 3 / 16)


def test_negative_preference_by_hand_and_towards_gradient_ascent():
    now, then = torch.tensor([-1.0]), torch.tensor([-1.0])
    assert float(negative_preference(now, then, 0.5)) == pytest.approx(4 * math.log(2))
    now = torch.tensor([-3.0], requires_grad=True)
    negative_preference(now, torch.tensor([-1.0]), 1e-4).backward()
    assert now.grad is not None
    assert now.grad.tolist() == pytest.approx([1.0], abs=1e-3)  # that of log p itself


@pytest.mark.parametrize("temperature", [1.0, 2.0])
def test_the_divergence_from_a_teacher_by_hand(temperature):
    # The teacher gives 3/4 and 1/4 where the student gives 1/2 and 1/2; the last token is padding.
    teacher = temperature * torch.tensor([[[math.log(3), 0.0], [9.0, 0.0], [0.0, 0.0]]])
    labels = torch.tensor([[0, 1, IGNORED]])
    found = teacher_divergence(torch.zeros(1, 3, 2), teacher, labels, temperature)
    wanted = 0.75 * math.log(0.75 / 0.5) + 0.25 * math.log(0.25 / 0.5)
    assert float(found) == pytest.approx(temperature**2 * wanted)
