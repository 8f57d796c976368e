"""Distil a model into a fresh student through the text that it writes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import torch

from attacks.attack import ModelAttack
from attacks.model.checkpoint import load_checkpoint, save_checkpoint
from attacks.model.loop import TrainingLoop, check_texts, train_on
from attacks.model.losses import mean_loss
from watermark.errors import ModelError


@dataclass(frozen=True)
class TextDistillation(ModelAttack):
    """Has the model continue prompts, and trains a student on prompts and continuations.

    Source: sequence-level distillation (Kim and Rush, EMNLP 2016), with samples at temperature 1
    instead of beam search.
    """

    name: ClassVar[str] = "distillation"
    student: Path
    """Folder of the student before training."""
    prompts: Sequence[str] = field(repr=False)
    """Beginnings of texts."""
    new_tokens: int = 128
    """Maximum number of tokens that the model writes after a prompt, 1 or more."""
    loop: TrainingLoop = field(default_factory=TrainingLoop)

    def __post_init__(self) -> None:
        """Reject an empty list and an invalid length."""
        check_texts("prompts", self.prompts)
        if self.new_tokens < 1:
            raise ValueError(f"new_tokens must be 1 or more, got {self.new_tokens}")

    def transform(self, model: Path, out: Path) -> None:
        """Write the trained student.

        Raises:
            ModelError: A prompt with its continuation has more tokens than the model has positions.
        """
        teacher, tokenizer = load_checkpoint(model)
        prompts = [tokenizer(one, add_special_tokens=False)["input_ids"] for one in self.prompts]
        self._check_lengths(teacher, prompts)
        rng = torch.Generator().manual_seed(self.loop.seed)
        texts = [tokenizer.decode(self._continued(teacher, tokenizer, p, rng)) for p in prompts]
        student, own_tokenizer = load_checkpoint(self.student)
        train_on(student, own_tokenizer, texts, self.loop, mean_loss)
        save_checkpoint(student, own_tokenizer, out)

    def _check_lengths(self, teacher: Any, prompts: Sequence[Sequence[int]]) -> None:
        room = getattr(teacher.config, "max_position_embeddings", None)
        longest = max(map(len, prompts))
        if room is not None and longest + self.new_tokens > room:
            raise ModelError(
                f"{self.name}: the longest of the prompts has {longest} tokens, and new_tokens "
                f"adds {self.new_tokens}, but the model has {room} positions: shorten the prompts "
                "or lower new_tokens"
            )

    @torch.inference_mode()
    def _continued(
        self, teacher: Any, tokenizer: Any, prompt: Sequence[int], rng: torch.Generator
    ) -> list[int]:
        """Return a prompt and what the teacher writes after it, one sample per token."""
        ids = list(prompt)
        fed, past = torch.tensor([ids], device=teacher.device), None
        for _ in range(self.new_tokens):
            read = teacher(input_ids=fed, past_key_values=past, use_cache=True)
            probs_V = torch.softmax(read.logits[0, -1].float(), -1).cpu()
            chosen = int(torch.multinomial(probs_V, 1, generator=rng))
            if chosen == tokenizer.eos_token_id:
                break
            ids.append(chosen)
            fed, past = torch.tensor([[chosen]], device=teacher.device), read.past_key_values
        return ids
