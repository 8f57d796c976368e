"""Train the model further: on other text, by an adapter, or with a loss that forgets."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from torch import Tensor

from attacks.attack import ModelAttack
from attacks.extras import require_package
from attacks.model.checkpoint import load_checkpoint, save_checkpoint
from attacks.model.loop import TrainingLoop, run_model
from attacks.model.losses import Loss, goldfish, mean_loss


@dataclass(frozen=True)
class ContinuedTraining(ModelAttack):
    """Trains all weights on other text, as a licensee does who adapts the model.

    Source: ours; plain continued pre-training with AdamW and a rate that falls linearly.
    """

    name: ClassVar[str] = "continued_training"
    texts: Sequence[str] = field(repr=False)
    """Other text; give 1, 3 or 10 times the marked tokens."""
    loop: TrainingLoop = field(default_factory=TrainingLoop)

    def transform(self, model: Path, out: Path) -> None:
        """Write the model after training."""
        loaded, tokenizer = load_checkpoint(model)
        train_on(loaded, tokenizer, self.texts, self.loop, mean_loss)
        save_checkpoint(loaded, tokenizer, out)


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
        """Reject an invalid k."""
        if self.k < 2:
            raise ValueError(f"k must be 2 or more, got {self.k}")

    def transform(self, model: Path, out: Path) -> None:
        """Write the model after training."""
        loaded, tokenizer = load_checkpoint(model)
        train_on(loaded, tokenizer, self.texts, self.loop, goldfish(self.k))
        save_checkpoint(loaded, tokenizer, out)


@dataclass(frozen=True)
class LowRankTraining(ModelAttack):
    """Trains a low-rank adapter on the marked texts and merges it in, instead of all weights.

    The attacked model is the base. Source: Hu et al., "LoRA", ICLR 2022, by peft on all linear
    layers.
    """

    name: ClassVar[str] = "lora"
    texts: Sequence[str] = field(repr=False)
    """The marked texts."""
    rank: int = 8
    loop: TrainingLoop = field(default_factory=lambda: TrainingLoop(learning_rate=1e-3))

    def __post_init__(self) -> None:
        """Reject an invalid rank."""
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
        adapted = peft.get_peft_model(loaded, config)
        train_on(adapted, tokenizer, self.texts, self.loop, mean_loss)
        save_checkpoint(adapted.merge_and_unload(), tokenizer, out)


def train_on(
    model: Any, tokenizer: Any, texts: Sequence[str], loop: TrainingLoop, loss: Loss
) -> None:
    """Train a model on texts with a loss."""

    def losses() -> Iterator[Any]:
        for ids_BT, labels_BT in loop.batches(tokenizer, texts, model.device):

            def step(ids: Tensor = ids_BT, labels: Tensor = labels_BT) -> Tensor:
                return loss(ids, labels, run_model(model, ids, labels))

            yield step

    loop.fit(model, losses(), loop.n_steps(len(texts)))
