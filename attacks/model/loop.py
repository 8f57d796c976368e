"""A small training loop: batches of texts, one loss, AdamW."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR
from tqdm import tqdm

from attacks.model.losses import IGNORED, Loss
from watermark.errors import ModelError


@dataclass(frozen=True)
class TrainingLoop:
    """Hyper-parameters of an attack that trains."""

    learning_rate: float = 1e-4
    """Learning rate of AdamW at the first step, above 0; it decays to zero."""
    epochs: int = 1
    batch_size: int = 4
    """Rows in a batch, 1 or more."""
    max_tokens: int = 512
    """Tokens of a row, with the end token, 1 or more; a longer text is cut into several rows."""
    seed: int = 0
    """Seed of the order of the texts, of dropout, and of weights that are drawn; below 2^32."""

    def __post_init__(self) -> None:
        """Reject values that cannot train."""
        if not 0 < self.learning_rate < inf:
            raise ValueError(f"learning_rate must be above 0, got {self.learning_rate}")
        for name in ("epochs", "batch_size", "max_tokens"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be 1 or more, got {getattr(self, name)}")
        if not 0 <= self.seed < 2**32:
            raise ValueError(f"seed must lie in [0, 2^32), got {self.seed}")

    def rows(self, tokenizer: Any, texts: Sequence[str]) -> list[list[int]]:
        """Return the tokens of all texts in rows of at most `max_tokens`."""
        return [row for rows in self.rows_by_text(tokenizer, texts) for row in rows]

    def rows_by_text(self, tokenizer: Any, texts: Sequence[str]) -> list[list[list[int]]]:
        """Return the rows of each text that has tokens; an end token follows the last of them."""
        found = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in texts]
        end = [] if tokenizer.eos_token_id is None else [tokenizer.eos_token_id]
        return [self._cut(ids + end) for ids in found if ids]

    def _cut(self, ids: list[int]) -> list[list[int]]:
        rows = [ids[i : i + self.max_tokens] for i in range(0, len(ids), self.max_tokens)]
        return rows[:1] + [row for row in rows[1:] if len(row) > 1]  # one token predicts nothing

    def batches(
        self, tokenizer: Any, texts: Sequence[str], device: torch.device
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield ids and labels of the batches of all epochs, each in an order of its own."""
        rng = np.random.default_rng(self.seed)
        rows = self.rows(tokenizer, texts)
        for _ in range(self.epochs):
            order = rng.permutation(len(rows))
            for first in range(0, len(order), self.batch_size):
                yield padded([rows[i] for i in order[first : first + self.batch_size]], device)

    def fit(self, model: Any, losses: Iterator[Callable[[], Tensor]], n_steps: int) -> None:
        """Minimise one loss a step, with a learning rate that falls to zero; dropout is seeded.

        Args:
            model: Its trainable parameters are changed.
            losses: Functions that run the model on a batch and return its loss.
            n_steps: Number of steps over which the learning rate falls.

        Raises:
            ModelError: The loss or its gradient is not finite: the training has diverged.
        """
        model.train()
        weights = [weight for weight in model.parameters() if weight.requires_grad]
        optimizer, fall = self.optimizer(weights, n_steps)
        with torch_seeded(self.seed):
            steps = tqdm(losses, total=n_steps, unit=" steps", disable=None)
            for number, loss in enumerate(steps, start=1):
                optimizer.zero_grad()
                found = loss()
                torch.autograd.backward(found)
                norm = torch.nn.utils.clip_grad_norm_(weights, 1.0)
                if not torch.isfinite(found + norm):
                    raise ModelError(
                        f"the loss is not finite at step {number} of {n_steps}, training has "
                        f"diverged: lower learning_rate, which is {self.learning_rate:g}"
                    )
                optimizer.step()
                fall.step()
        model.eval()

    def optimizer(self, weights: Sequence[Tensor], n_steps: int) -> tuple[AdamW, LambdaLR]:
        """Return the optimizer of some weights and what lets its rate fall to zero."""
        optimizer = AdamW(weights, lr=self.learning_rate, weight_decay=0.0)
        return optimizer, LambdaLR(optimizer, lambda step: max(0.0, 1 - step / max(1, n_steps)))

    def n_steps(self, n_rows: int) -> int:
        """Return the number of batches of all epochs."""
        return self.epochs * -(-n_rows // self.batch_size)


@contextmanager
def torch_seeded(seed: int) -> Iterator[None]:
    """Seed the generators of torch that dropout and new weights draw from; restore them after."""
    # With the GPUs named, torch does not warn where there are several.
    with torch.random.fork_rng(range(torch.cuda.device_count()), device_type="cuda"):
        torch.manual_seed(seed)  # noqa: TID251 - set_seed would leave numpy and random seeded
        yield


def check_texts(name: str, texts: Sequence[str]) -> None:
    """Refuse to train on nothing.

    Args:
        name: Name of the setting.
        texts: Its value.

    Raises:
        ValueError: There is no text, or none that is not blank.
    """
    if not any(text.strip() for text in texts):
        raise ValueError(f"{name}: wanted at least one, got none")


def padded(rows: Sequence[Sequence[int]], device: torch.device) -> tuple[Tensor, Tensor]:
    """Return ids and labels of rows of tokens, padded on the right with what is not learned."""
    width = max(map(len, rows))
    ids_BT = torch.zeros(len(rows), width, dtype=torch.long)
    labels_BT = torch.full((len(rows), width), IGNORED)
    for number, row in enumerate(rows):
        ids_BT[number, : len(row)] = labels_BT[number, : len(row)] = torch.tensor(row)
    return ids_BT.to(device), labels_BT.to(device)


def run_model(model: Any, ids_BT: Tensor, labels_BT: Tensor) -> Tensor:
    """Return the logits of a batch."""
    mask_BT = torch.ones_like(ids_BT)
    mask_BT[labels_BT == IGNORED] = 0
    logits: Tensor = model(input_ids=ids_BT, attention_mask=mask_BT).logits
    return logits


def train_on(
    model: Any, tokenizer: Any, texts: Sequence[str], loop: TrainingLoop, loss: Loss
) -> None:
    """Train a model on texts with a loss.

    Raises:
        ModelError: The training has diverged.
    """

    def losses() -> Iterator[Any]:
        for ids_BT, labels_BT in loop.batches(tokenizer, texts, model.device):

            def step(ids: Tensor = ids_BT, labels: Tensor = labels_BT) -> Tensor:
                return loss(ids, labels, run_model(model, ids, labels))

            yield step

    loop.fit(model, losses(), loop.n_steps(len(loop.rows(tokenizer, texts))))
