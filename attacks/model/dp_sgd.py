"""Train on the marked texts with differential privacy."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor
from tqdm import tqdm

from attacks.attack import ModelAttack
from attacks.extras import require_package
from attacks.model.checkpoint import load_checkpoint, save_checkpoint
from attacks.model.loop import TrainingLoop, check_texts, padded, run_model, torch_seeded
from attacks.model.losses import mean_loss
from watermark.errors import ToolkitError

MOST_EPSILON = 1e6
"""Far above any budget that protects; the search for the noise of 1e300 does not end."""


@dataclass(frozen=True)
class DpSgdTraining(ModelAttack):
    """Trains a model on the marked texts so that no single text can change it by much.

    The attacked model is the base. The result is (epsilon, delta)-differentially private with
    regard to adding or removing one text, under Renyi accounting.

    Source: Abadi et al., "Deep learning with differential privacy", CCS 2016, with AdamW in the
    place of SGD. Sampling, clipping, noise and accounting are opacus'. The gradient of each text is
    computed by itself: the hooks of opacus 1.6 refuse some architectures, such as Gemma 2 and OPT.
    The noise follows from the seed, so that a run can be repeated; against those who know the seed
    there is no privacy.
    """

    name: ClassVar[str] = "dp_sgd"
    texts: Sequence[str] = field(repr=False)
    """The marked texts."""
    epsilon: float = 8.0
    """Privacy budget epsilon of the whole training, in nats, above 0, at most 10^6."""
    delta: float = 1e-5
    """Probability that the guarantee fails; it must be far below 1 / number of texts."""
    max_norm: float = 1.0
    """Norm to which the gradient of a text is clipped."""
    loop: TrainingLoop = field(default_factory=TrainingLoop)
    """`batch_size` is the mean size of a batch; large ones need less noise."""

    def __post_init__(self) -> None:
        """Reject an empty list and values out of range."""
        check_texts("texts", self.texts)
        if not 0 < self.epsilon <= MOST_EPSILON:
            raise ValueError(
                f"epsilon must be above 0 and at most {MOST_EPSILON:,.0f}, got {self.epsilon}; for "
                "training without privacy use the attack lora or continued_training"
            )
        if not 0 < self.max_norm < inf:
            raise ValueError(f"max_norm must be above 0, got {self.max_norm}")
        if not 0 < self.delta < 1:
            raise ValueError(f"delta must lie between 0 and 1, got {self.delta}")

    def transform(self, model: Path, out: Path) -> None:
        """Write the model after training.

        Raises:
            PrerequisiteError: opacus is not installed.
            ToolkitError: Epsilon cannot be reached.
        """
        require_package("opacus", self.name)
        loaded, tokenizer = load_checkpoint(model)
        self.train(loaded, self.loop.rows_by_text(tokenizer, self.texts))
        save_checkpoint(loaded, tokenizer, out)

    def train(self, model: Any, texts: Sequence[Sequence[Sequence[int]]]) -> float:
        """Train a model in place on texts, each in rows of tokens; return the epsilon spent."""
        from opacus.accountants import RDPAccountant
        from opacus.optimizers import DPOptimizer
        from opacus.utils.uniform_sampler import UniformWithReplacementSampler

        n_steps = self.loop.n_steps(len(texts))
        rate = min(1.0, self.loop.batch_size / len(texts))
        sampling = torch.Generator().manual_seed(self.loop.seed)
        noise = torch.Generator(model.device).manual_seed(self.loop.seed + 1)
        weights = [weight for weight in model.parameters() if weight.requires_grad]
        inner, fall = self.loop.optimizer(weights, n_steps)
        optimizer = DPOptimizer(
            inner,
            noise_multiplier=self._noise(rate, n_steps),
            max_grad_norm=self.max_norm,
            expected_batch_size=rate * len(texts),
            generator=noise,
        )
        accountant = RDPAccountant()
        optimizer.attach_step_hook(accountant.get_optimizer_hook_fn(rate))
        batches = UniformWithReplacementSampler(
            num_samples=len(texts), sample_rate=rate, generator=sampling, steps=n_steps
        )
        model.train()
        # Dropout must not share the draws that choose the batches.
        with torch_seeded((self.loop.seed + 2) % 2**32):
            for batch in tqdm(batches, unit=" steps", disable=None):
                take_private_step(model, optimizer, [texts[number] for number in batch])
                fall.step()
        model.eval()
        with _loose_bounds_allowed():
            return float(accountant.get_epsilon(self.delta))

    def _noise(self, rate: float, n_steps: int) -> float:
        from opacus.accountants.utils import get_noise_multiplier

        try:
            with _loose_bounds_allowed():
                return float(
                    get_noise_multiplier(
                        target_epsilon=self.epsilon,
                        target_delta=self.delta,
                        sample_rate=rate,
                        steps=n_steps,
                        accountant="rdp",
                    )
                )
        except ValueError as error:
            raise ToolkitError(
                f"{self.name}: no noise gives epsilon {self.epsilon} at delta {self.delta}: set a "
                "larger epsilon or delta"
            ) from error


def take_private_step(model: Any, optimizer: Any, texts: Sequence[Sequence[Sequence[int]]]) -> None:
    """Take a step with the clipped gradients of some texts, and with noise.

    Args:
        model: Its weights are changed.
        optimizer: A `DPOptimizer`; it adds up the clipped gradients and counts the step once.
        texts: A batch of texts, each in rows of tokens; may be empty, as random batches are, and
            then the step is all noise.
    """
    weights: list[Tensor] = optimizer.params
    if not texts:
        optimizer.zero_grad()
        for weight in weights:
            weight.grad_sample = weight.new_zeros(0, *weight.shape)  # type: ignore[attr-defined]
        optimizer.step()
    for number, rows in enumerate(texts, start=1):
        optimizer.zero_grad()
        _add_gradient(model, rows)
        for weight in weights:
            gradient = torch.zeros_like(weight) if weight.grad is None else weight.grad
            weight.grad_sample = gradient[None]  # type: ignore[attr-defined]
        optimizer.signal_skip_step(do_skip=number < len(texts))
        optimizer.step()


def _add_gradient(model: Any, rows: Sequence[Sequence[int]]) -> None:
    """Add the gradient of the mean loss of a text, row by row, to that of the weights."""
    n_learned = sum(len(row) - 1 for row in rows)
    for row in rows:
        ids_BT, labels_BT = padded([row], model.device)
        loss = mean_loss(ids_BT, labels_BT, run_model(model, ids_BT, labels_BT))
        torch.autograd.backward(loss * ((len(row) - 1) / max(1, n_learned)))


@contextmanager
def _loose_bounds_allowed() -> Iterator[None]:
    """Silence the remark of the accountant that another order might give a smaller epsilon."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Optimal order is the", UserWarning)
        yield
