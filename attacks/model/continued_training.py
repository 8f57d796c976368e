"""Train the model further on other text."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from attacks.attack import ModelAttack
from attacks.model.checkpoint import load_checkpoint, save_checkpoint
from attacks.model.loop import TrainingLoop, check_texts, train_on
from attacks.model.losses import mean_loss


@dataclass(frozen=True)
class ContinuedTraining(ModelAttack):
    """Trains all weights on other text, as a licensee does who adapts the model.

    Source: ours; plain continued pre-training with AdamW and a rate that falls linearly.
    """

    name: ClassVar[str] = "continued_training"
    texts: Sequence[str] = field(repr=False)
    """Other text; give 1, 3 or 10 times the marked tokens."""
    loop: TrainingLoop = field(default_factory=TrainingLoop)

    def __post_init__(self) -> None:
        """Reject an empty list."""
        check_texts("texts", self.texts)

    def transform(self, model: Path, out: Path) -> None:
        """Write the model after training."""
        loaded, tokenizer = load_checkpoint(model)
        train_on(loaded, tokenizer, self.texts, self.loop, mean_loss)
        save_checkpoint(loaded, tokenizer, out)
