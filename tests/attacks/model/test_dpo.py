import math
import sys

import pytest
import torch

from attacks.model.dpo import DirectPreferenceOptimization
from attacks.model.instructions import Preference, write_prompt
from attacks.model.loop import TrainingLoop
from tests.support.tiny import TEXTS
from watermark.errors import PrerequisiteError

LOOP = TrainingLoop(learning_rate=1e-3, epochs=3, max_tokens=72)
PAIRS = [
    Preference(f"Say {i}", " ".join(text.split()[:6]), " ".join(text.split()[20:26]))
    for i, text in enumerate(TEXTS)
]


def margin(mean_logprob, folder):
    """Return by how much chosen answers are likelier than rejected ones, a token."""
    chosen = [write_prompt(pair.prompt) + pair.chosen for pair in PAIRS]
    rejected = [write_prompt(pair.prompt) + pair.rejected for pair in PAIRS]
    return mean_logprob(folder, chosen) - mean_logprob(folder, rejected)


def test_chosen_answers_gain_on_rejected_ones_and_a_seed_gives_the_same_weights(
    model, run_twice, mean_logprob
):
    out = run_twice(DirectPreferenceOptimization(PAIRS, loop=LOOP))
    assert margin(mean_logprob, out) > margin(mean_logprob, model) + 0.1


def test_the_loss_begins_at_log_2_since_the_reference_is_the_model_itself(
    model, tmp_path, monkeypatch
):
    import trl

    losses = []
    compute = trl.DPOTrainer.compute_loss

    def spy(self, *args, **kwargs):
        losses.append(compute(self, *args, **kwargs))
        return losses[-1]

    monkeypatch.setattr(trl.DPOTrainer, "compute_loss", spy)
    DirectPreferenceOptimization(PAIRS, loop=LOOP).transform(model, tmp_path / "out")
    losses = [float(torch.as_tensor(loss).detach()) for loss in losses]
    assert losses[0] == pytest.approx(math.log(2), abs=1e-5)
    assert losses[-1] < losses[0] - 0.05


def test_what_cannot_be_trained_is_refused(model, tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="preferences: wanted at least one"):
        DirectPreferenceOptimization([])
    for beta in (0.0, math.inf):
        with pytest.raises(ValueError, match="beta must be above 0"):
            DirectPreferenceOptimization(PAIRS, beta)
    monkeypatch.setitem(sys.modules, "trl", None)
    with pytest.raises(PrerequisiteError, match=r"dpo: trl .*leximark\[attacks\]"):
        DirectPreferenceOptimization(PAIRS).transform(model, tmp_path / "out")
