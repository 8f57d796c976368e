"""Train the model to prefer some answers to others."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

from attacks.attack import ModelAttack
from attacks.extras import require_package
from attacks.model.checkpoint import load_checkpoint, save_checkpoint
from attacks.model.instructions import Preference, write_prompt
from attacks.model.loop import TrainingLoop
from attacks.model.trl_trainer import check_end_token, quiet_trl, run_trainer, trl_settings
from watermark.corpus.hub import make_dataset


@dataclass(frozen=True)
class DirectPreferenceOptimization(ModelAttack):
    """Raises the likelihood of preferred answers over that of others, by DPO.

    Source: Rafailov et al., "Direct preference optimization", NeurIPS 2023, by trl's `DPOTrainer`;
    the reference is the model before the attack.
    """

    name: ClassVar[str] = "dpo"
    preferences: Sequence[Preference] = field(repr=False)
    """Prompts, each with an answer to prefer and one to avoid, 1 or more."""
    beta: float = 0.1
    """Strength of the pull towards the model before the attack."""
    loop: TrainingLoop = field(default_factory=lambda: TrainingLoop(learning_rate=1e-6))

    def __post_init__(self) -> None:
        """Reject an empty list and an invalid beta."""
        if not self.preferences:
            raise ValueError("preferences: wanted at least one, got none")
        if not 0 < self.beta < inf:
            raise ValueError(f"beta must be above 0, got {self.beta}")

    def transform(self, model: Path, out: Path) -> None:
        """Write the model after training.

        Raises:
            PrerequisiteError: trl is not installed.
            ModelError: The tokenizer has no end token, or no prompt leaves room for its answers.
        """
        require_package("trl", self.name)
        from trl import DPOConfig, DPOTrainer

        loaded, tokenizer = load_checkpoint(model)
        check_end_token(tokenizer, self.name)
        rows = [
            {
                "prompt": write_prompt(each.prompt),
                "chosen": each.chosen,
                "rejected": each.rejected,
            }
            for each in self.preferences
        ]
        with TemporaryDirectory() as work, quiet_trl():
            trainer = DPOTrainer(
                loaded,
                copy.deepcopy(loaded),
                DPOConfig(**trl_settings(self.loop, work), beta=self.beta),
                train_dataset=make_dataset(rows),
                processing_class=tokenizer,
            )
            run_trainer(trainer, self.name)
        save_checkpoint(loaded, tokenizer, out)
