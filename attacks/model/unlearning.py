"""Unlearn the marked documents, with text that is to be retained."""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from math import inf
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor

from attacks.attack import ModelAttack
from attacks.model.checkpoint import load_checkpoint, save_checkpoint
from attacks.model.loop import TrainingLoop, check_texts, run_model
from attacks.model.losses import mean_loss, negative_preference, token_losses


@dataclass(frozen=True)
class Unlearning(ModelAttack):
    """Raises the loss on the texts to forget while training on the texts to retain.

    Source: gradient ascent with a retain set ("GradDiff") and negative preference optimization
    (Zhang et al., COLM 2024), both with the default weights of open-unlearning: the loss to
    forget plus the mean loss on as many retained texts.
    """

    name: ClassVar[str] = "unlearning"
    forget: Sequence[str] = field(repr=False)
    """The marked texts."""
    retain: Sequence[str] = field(repr=False)
    """Other text of the same kind."""
    method: str = "npo"
    """`npo` or `ascent`."""
    beta: float = 0.1
    """Inverse temperature of NPO, above 0."""
    loop: TrainingLoop = field(default_factory=lambda: TrainingLoop(learning_rate=1e-5))

    def __post_init__(self) -> None:
        """Reject an empty list, an unknown method and an invalid temperature."""
        check_texts("forget", self.forget)
        check_texts("retain", self.retain)
        if self.method not in ("npo", "ascent"):
            raise ValueError(f"method must be npo or ascent, got {self.method!r}")
        if not 0 < self.beta < inf:
            raise ValueError(f"beta must be above 0 and finite, got {self.beta}")

    def transform(self, model: Path, out: Path) -> None:
        """Write the model after unlearning."""
        loaded, tokenizer = load_checkpoint(model)
        before = copy.deepcopy(loaded).requires_grad_(False).eval()
        steps = self._steps(loaded, before, tokenizer)
        n_rows = len(self.loop.rows(tokenizer, self.forget))
        self.loop.fit(loaded, steps, self.loop.n_steps(n_rows))
        save_checkpoint(loaded, tokenizer, out)

    def _steps(self, model: Any, before: Any, tokenizer: Any) -> Iterator[Any]:
        retained = cycle(list(self.loop.batches(tokenizer, self.retain, model.device)))
        forgotten_batches = self.loop.batches(tokenizer, self.forget, model.device)
        for forgotten, kept in zip(forgotten_batches, retained, strict=False):

            def step(
                bad: tuple[Tensor, Tensor] = forgotten, good: tuple[Tensor, Tensor] = kept
            ) -> Tensor:
                loss = mean_loss(*good, run_model(model, *good))
                return loss + self._forgetting(model, before, bad)

            yield step

    def _forgetting(self, model: Any, before: Any, batch: tuple[Tensor, Tensor]) -> Tensor:
        if self.method == "ascent":
            return -mean_loss(*batch, run_model(model, *batch))
        now = -token_losses(run_model(model, *batch), batch[1]).sum(1)
        with torch.no_grad():
            then = -token_losses(run_model(before, *batch), batch[1]).sum(1)
        return negative_preference(now, then, self.beta)
