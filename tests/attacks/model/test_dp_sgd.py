import math
import sys

import pytest
import torch
from opacus import optimizers
from opacus.accountants import RDPAccountant
from opacus.optimizers import DPOptimizer
from opacus.utils import uniform_sampler

from attacks.model.checkpoint import load_checkpoint
from attacks.model.dp_sgd import DpSgdTraining, take_private_step
from attacks.model.loop import TrainingLoop
from attacks.model.losses import mean_loss
from tests.support.tiny import TEXTS, save_tiny_model
from watermark.errors import PrerequisiteError, ToolkitError

SAMPLER = "UniformWithReplacementSampler"
LOOP = TrainingLoop(learning_rate=3e-3, epochs=6, max_tokens=24)
READ = [" ".join(text.split()[:20]) for text in TEXTS]


class OneWeight(torch.nn.Module):
    """Predicts token 1 with log-odds w after any token."""

    def __init__(self):
        super().__init__()
        self.w = torch.nn.Parameter(torch.zeros(1))
        self.device = self.w.device

    def forward(self, input_ids, attention_mask):
        ones = torch.ones(*input_ids.shape, 1) * self.w
        return type("Output", (), {"logits": torch.cat([torch.zeros_like(ones), ones], -1)})


def private_sgd(model, max_norm, noise=0.0):
    return DPOptimizer(
        torch.optim.SGD(model.parameters(), lr=1.0),
        noise_multiplier=noise,
        max_grad_norm=max_norm,
        expected_batch_size=2,
        generator=torch.Generator(model.device).manual_seed(0),
    )


def step(rows, *, max_norm, noise=0.0):
    """Return the weight after one step at rate 1 with two texts a batch, and the accountant."""
    model = OneWeight()
    optimizer = private_sgd(model, max_norm, noise)
    accountant = RDPAccountant()
    optimizer.attach_step_hook(accountant.get_optimizer_hook_fn(0.5))
    take_private_step(model, optimizer, rows)
    return float(model.w.detach()), accountant


def test_each_text_is_clipped_by_itself_by_hand():
    # At w = 0 the gradient of a token 1 is -1/2, of a token 0 it is 1/2.
    rows = [[[0, 1]], [[0, 1, 1, 0]], [[0, 1, 1]]]  # -1/2, -1/6 and -1/2
    assert step(rows, max_norm=1.0)[0] == pytest.approx((1 / 2 + 1 / 6 + 1 / 2) / 2)
    assert step(rows, max_norm=0.25)[0] == pytest.approx((1 / 4 + 1 / 6 + 1 / 4) / 2, abs=1e-5)


def test_a_text_of_several_rows_is_clipped_as_one():
    # The gradient of three tokens 1 in two rows is that of their mean: -1/2, as of one row.
    text = [[0, 1], [0, 1, 1]]
    assert step([text], max_norm=1.0)[0] == pytest.approx(1 / 2 / 2)
    assert step([text], max_norm=0.25)[0] == pytest.approx(1 / 4 / 2, abs=1e-5)
    mixed = [[0, 1], [0, 0, 0]]  # -1/2, 1/2 and 1/2
    assert step([mixed], max_norm=1.0)[0] == pytest.approx(-1 / 6 / 2)


def test_a_batch_counts_once_and_an_empty_one_is_all_noise():
    _, accountant = step([[[0, 1]]] * 3, max_norm=1.0, noise=2.0)
    assert accountant.history == [(2.0, 0.5, 1)]
    moved, accountant = step([], max_norm=1.0, noise=2.0)
    drawn = torch.normal(0, 2.0, (1,), generator=torch.Generator().manual_seed(0))
    assert moved == pytest.approx(-float(drawn) / 2)
    assert accountant.history == [(2.0, 0.5, 1)]


@pytest.mark.parametrize("epsilon", [8.0, 1e4, 1e6])
def test_epsilon_is_spent_and_not_exceeded(model, epsilon):
    loaded, _ = load_checkpoint(model)
    attack = DpSgdTraining(READ, epsilon, 1e-2, loop=TrainingLoop(epochs=2, batch_size=2))
    spent = attack.train(loaded, [[[5, 6, 7]]] * 7)
    assert epsilon - 0.011 < spent <= epsilon


def test_less_privacy_learns_more_and_a_seed_gives_the_same_weights(
    model, run_twice, mean_logprob, tmp_path
):
    out = run_twice(DpSgdTraining(READ, 1e4, 1e-2, loop=LOOP))
    DpSgdTraining(READ, 0.5, 1e-2, loop=LOOP).transform(model, tmp_path / "private")
    before, after = mean_logprob(model, READ), mean_logprob(out, READ)
    private = mean_logprob(tmp_path / "private", READ)
    assert after > before + 0.3
    assert private < before + (after - before) / 2


@pytest.mark.parametrize("architecture", ["gemma2", "opt"])  # the hooks of opacus refuse both
def test_the_step_is_that_of_the_mean_of_the_gradients_where_nothing_is_clipped(
    architecture, tmp_path
):
    folder = save_tiny_model(tmp_path / "model", architecture)
    loaded, _ = load_checkpoint(folder)
    ids = torch.tensor([[5, 6, 7], [8, 9, 4]], device=loaded.device)
    torch.autograd.backward(mean_loss(ids, ids, loaded(input_ids=ids).logits))
    wanted = [weight.detach() - weight.grad for weight in loaded.parameters()]
    take_private_step(loaded, private_sgd(loaded, max_norm=1e6), ids[:, None].tolist())
    for weight, new in zip(loaded.parameters(), wanted, strict=True):
        torch.testing.assert_close(weight.detach(), new, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: DpSgdTraining([]), "texts: wanted at least one"),
        (lambda: DpSgdTraining(READ, epsilon=0.0), "epsilon must be above 0"),
        (lambda: DpSgdTraining(READ, epsilon=math.inf), "epsilon must be above 0"),
        (lambda: DpSgdTraining(READ, epsilon=1e300), "epsilon must be above 0 and at most 1,000,0"),
        (lambda: DpSgdTraining(READ, delta=1.0), "delta must lie between 0 and 1"),
        (lambda: DpSgdTraining(READ, max_norm=-1.0), "max_norm must be above 0"),
    ],
)
def test_settings_out_of_range_are_refused(make, said):
    with pytest.raises(ValueError, match=said):
        make()


def test_what_cannot_be_private_is_refused(model, tmp_path, monkeypatch):
    with pytest.raises(ToolkitError, match="no noise gives epsilon 1e-06 at delta 1e-05"):
        DpSgdTraining(READ, 1e-6).transform(model, tmp_path / "out")
    monkeypatch.setitem(sys.modules, "opacus", None)
    with pytest.raises(PrerequisiteError, match=r"dp_sgd: opacus .*leximark\[attacks\]"):
        DpSgdTraining(READ).transform(model, tmp_path / "out")


def test_the_noise_is_independent_of_the_choice_of_batches(model, monkeypatch):
    seeds = []

    def noting_seeds(make):
        def made(*args, **settings):
            seeds.append(settings["generator"].initial_seed())
            return make(*args, **settings)

        return made

    for module, name in ((optimizers, "DPOptimizer"), (uniform_sampler, SAMPLER)):
        monkeypatch.setattr(module, name, noting_seeds(getattr(module, name)))
    loaded, _ = load_checkpoint(model)
    DpSgdTraining(READ, 8.0, 1e-2, loop=TrainingLoop(seed=5)).train(loaded, [[[5, 6, 7]]] * 4)
    assert len(seeds) == len(set(seeds)) == 2
