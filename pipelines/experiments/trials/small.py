"""A model smaller than the tiny one, for experiments that train many."""

from pathlib import Path
from typing import Any

from pipelines.experiments.trials.passages import passages
from pipelines.experiments.trials.tiny import CORPUS, POOL_SEED
from pipelines.training.training import (
    Shape,
    TrainingSettings,
    new_model,
    new_tokenizer,
    train_once,
)

N_BASE = 600
"""Passages that the base is pretrained on; no experiment with this pool marks them."""
SHAPE, VOCABULARY = Shape(layers=2, width=96, heads=4, context=256), 2_048
TRAINING = TrainingSettings(
    learning_rate=3e-3, epochs=3, batch_size=8, max_tokens=256, precision="float32"
)
"""How the base is trained, and then the model on the published texts."""


def small_base(folder: Path) -> Path:
    """Return the pretrained tiny model; smaller than that of the other experiments."""
    texts = [document.text for document in passages(CORPUS, N_BASE, seed=POOL_SEED)]

    def new() -> tuple[Any, Any]:
        tokenizer = new_tokenizer(texts, VOCABULARY)
        return new_model(tokenizer, SHAPE, seed=POOL_SEED), tokenizer

    return train_once(new, texts, folder, TRAINING)
