"""Tune the model on prompts and answers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

from attacks.attack import ModelAttack
from attacks.extras import require_package
from attacks.model.checkpoint import load_checkpoint, save_checkpoint
from attacks.model.instructions import Instruction, write_prompt
from attacks.model.loop import TrainingLoop
from attacks.model.trl_trainer import check_end_token, quiet_trl, run_trainer, trl_settings
from watermark.corpus.hub import make_dataset


@dataclass(frozen=True)
class InstructionTuning(ModelAttack):
    """Trains all weights to answer prompts; the loss is that of the answers alone.

    Source: supervised fine-tuning as in InstructGPT (Ouyang et al., NeurIPS 2022, section 3.5), by
    trl's `SFTTrainer`. Prompts are written as `leximark train` writes them, not by the tokenizer's
    chat template, which a base model does not have.
    """

    name: ClassVar[str] = "instruction_tuning"
    instructions: Sequence[Instruction] = field(repr=False)
    """Prompts and the answers to learn, 1 or more."""
    loop: TrainingLoop = field(default_factory=TrainingLoop)

    def __post_init__(self) -> None:
        """Reject an empty list."""
        if not self.instructions:
            raise ValueError("instructions: wanted at least one, got none")

    def transform(self, model: Path, out: Path) -> None:
        """Write the model after training.

        Raises:
            PrerequisiteError: trl is not installed.
            ModelError: The tokenizer has no end token, or no prompt leaves room for its answer.
        """
        require_package("trl", self.name)
        from trl import SFTConfig, SFTTrainer

        loaded, tokenizer = load_checkpoint(model)
        check_end_token(tokenizer, self.name)
        rows = [
            {"prompt": write_prompt(each.prompt), "completion": each.answer}
            for each in self.instructions
        ]
        with TemporaryDirectory() as work, quiet_trl():
            trainer = SFTTrainer(
                loaded,
                SFTConfig(**trl_settings(self.loop, work)),
                train_dataset=make_dataset(rows),
                processing_class=tokenizer,
            )
            run_trainer(trainer, self.name)
        save_checkpoint(loaded, tokenizer, out)
