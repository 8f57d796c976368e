"""Train an adapter of low rank on the marked texts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from attacks.attack import ModelAttack
from attacks.extras import require_package
from attacks.model.checkpoint import load_checkpoint, save_checkpoint
from attacks.model.loop import TrainingLoop, check_texts, torch_seeded, train_on
from attacks.model.losses import mean_loss


@dataclass(frozen=True)
class LoraTraining(ModelAttack):
    """Trains a low-rank adapter on the marked texts and merges it in, instead of all weights.

    The attacked model is the base. Source: Hu et al., "LoRA", ICLR 2022, by peft on all linear
    layers.
    """

    name: ClassVar[str] = "lora"
    texts: Sequence[str] = field(repr=False)
    """The marked texts."""
    rank: int = 8
    """Rank of the change of each matrix, 1 or more."""
    loop: TrainingLoop = field(default_factory=lambda: TrainingLoop(learning_rate=1e-3))

    def __post_init__(self) -> None:
        """Reject an empty list and an invalid rank."""
        check_texts("texts", self.texts)
        if self.rank < 1:
            raise ValueError(f"rank must be 1 or more, got {self.rank}")

    def transform(self, model: Path, out: Path) -> None:
        """Write the model with the adapter merged in.

        Raises:
            PrerequisiteError: peft is not installed.
        """
        require_package("peft", self.name)
        import peft

        loaded, tokenizer = load_checkpoint(model)
        config = peft.LoraConfig(
            r=self.rank,
            lora_alpha=2 * self.rank,
            target_modules="all-linear",
            task_type="CAUSAL_LM",
        )
        with torch_seeded(self.loop.seed):
            adapted = peft.get_peft_model(loaded, config)
        train_on(adapted, tokenizer, self.texts, self.loop, mean_loss)
        save_checkpoint(adapted.merge_and_unload(), tokenizer, out)
