"""Distil a model into a student through its predictions for given texts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Any, ClassVar

import torch
import transformers
from torch import Tensor

from attacks.attack import ModelAttack
from attacks.model.checkpoint import load_checkpoint, save_checkpoint
from attacks.model.loop import TrainingLoop, check_texts, run_model, torch_seeded, train_on
from attacks.model.losses import teacher_divergence
from watermark.errors import ModelError


@dataclass(frozen=True)
class LogitDistillation(ModelAttack):
    """Trains a student to predict what the model predicts for each next token of the texts.

    Source: Hinton et al., "Distilling the knowledge in a neural network", 2015: the divergence
    from the teacher at a temperature, times its square. Ours has no second loss on the texts
    themselves.
    """

    name: ClassVar[str] = "logit_distillation"
    texts: Sequence[str] = field(repr=False)
    """Texts for which the model is asked; unmarked ones, or the student reads the marks itself."""
    student: Path | None = None
    """Folder of the student before training; None: one of the model's shape with random weights."""
    temperature: float = 1.0
    """Divides the logits of both models before they are compared, above 0."""
    loop: TrainingLoop = field(default_factory=TrainingLoop)

    def __post_init__(self) -> None:
        """Reject an empty list and an invalid temperature."""
        check_texts("texts", self.texts)
        if not 0 < self.temperature < inf:
            raise ValueError(f"temperature must be above 0, got {self.temperature}")

    def transform(self, model: Path, out: Path) -> None:
        """Write the trained student.

        Raises:
            ModelError: Student and model have different vocabularies.
        """
        teacher, tokenizer = load_checkpoint(model)
        student = self._student(teacher, tokenizer)
        n_tokens = len(tokenizer)  # the logits of some models are padded to a round number

        def loss(ids_BT: Tensor, labels_BT: Tensor, logits_BTV: Tensor) -> Tensor:
            with torch.no_grad():
                wanted_BTV = run_model(teacher, ids_BT, labels_BT)
            return teacher_divergence(
                logits_BTV[..., :n_tokens], wanted_BTV[..., :n_tokens], labels_BT, self.temperature
            )

        train_on(student, tokenizer, self.texts, self.loop, loss)
        save_checkpoint(student, tokenizer, out)

    def _student(self, teacher: Any, tokenizer: Any) -> Any:
        if self.student is None:
            with torch_seeded(self.loop.seed):
                student = transformers.AutoModelForCausalLM.from_config(
                    teacher.config, dtype=torch.float32
                )
            return student.to(teacher.device)
        student, own_tokenizer = load_checkpoint(self.student)
        if own_tokenizer.get_vocab() != tokenizer.get_vocab():
            raise ModelError(
                f"{self.name}: {self.student} has another vocabulary than the model, so that their "
                "predictions cannot be compared: name a student with the same tokenizer, or use "
                "the attack distillation"
            )
        return student
