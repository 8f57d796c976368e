"""Train on the marked texts with a loss that leaves out one token in k."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from attacks.attack import ModelAttack
from attacks.model.checkpoint import load_checkpoint, save_checkpoint
from attacks.model.loop import TrainingLoop, check_texts, train_on
from attacks.model.losses import goldfish


@dataclass(frozen=True)
class GoldfishTraining(ModelAttack):
    """Trains a model on the marked texts with the goldfish loss, so that it memorises less.

    The attacked model is the base: this is a thief who trains in another way. Source: see
    `attacks.model.losses.goldfish`.
    """

    name: ClassVar[str] = "goldfish"
    texts: Sequence[str] = field(repr=False)
    """The marked texts."""
    k: int = 4
    """One token in k is not learned."""
    loop: TrainingLoop = field(default_factory=TrainingLoop)

    def __post_init__(self) -> None:
        """Reject an empty list and an invalid k."""
        check_texts("texts", self.texts)
        if self.k < 2:
            raise ValueError(f"k must be 2 or more, got {self.k}")

    def transform(self, model: Path, out: Path) -> None:
        """Write the model after training."""
        loaded, tokenizer = load_checkpoint(model)
        train_on(loaded, tokenizer, self.texts, self.loop, goldfish(self.k))
        save_checkpoint(loaded, tokenizer, out)
