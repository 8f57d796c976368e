"""A tiny Pythia-shaped model, pretrained on the spot, for experiments with many seeds.

The model and its tokenizer are trained from scratch on news passages that no experiment marks, so
that fine-tuning it resembles fine-tuning a real model.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from membership.detector import Detector
from membership.detectors.loss import Loss
from membership.detectors.min_k import MinK
from membership.detectors.min_k_plus_plus import MinKPlusPlus
from membership.detectors.reference import MinusReference
from membership.detectors.zlib_ratio import ZlibRatio
from pipelines.experiments.runner.records import Cell, Measure
from pipelines.experiments.trials.halves import Arm
from pipelines.experiments.trials.passages import passages
from pipelines.experiments.trials.trial import Trial, run_trial
from pipelines.loading.models import ModelOptions
from pipelines.training.training import (
    Shape,
    TrainingSettings,
    new_model,
    new_tokenizer,
    train_once,
)
from watermark.document import Document

CORPUS, POOL_SEED, N_PRETRAINING = "news", 0, 1_500
SHAPE = Shape(layers=4, width=128, heads=4, context=512)
VOCABULARY = 4_096
PRETRAINING = TrainingSettings(learning_rate=1e-3, epochs=3, batch_size=8, precision="float32")
TRAINING = TrainingSettings(learning_rate=1e-3, epochs=3, batch_size=4, precision="float32")
"""Training settings of the arms of an experiment."""
OPTIONS = ModelOptions(dtype="float32")


def tiny_base(folder: Path) -> Path:
    """Return the folder of the pretrained tiny model, which is trained if it is missing."""
    texts = [d.text for d in passages(CORPUS, N_PRETRAINING, seed=POOL_SEED)]

    def new() -> tuple[Any, Any]:
        tokenizer = new_tokenizer(texts, VOCABULARY)
        return new_model(tokenizer, SHAPE, seed=POOL_SEED), tokenizer

    return train_once(new, texts, folder, PRETRAINING)


def fresh_passages(n: int, seed: int) -> list[Document]:
    """Return n passages that the tiny model was not pretrained on, others for each seed."""
    pool = passages(CORPUS, N_POOL - N_PRETRAINING, seed=POOL_SEED, skip=N_PRETRAINING)
    chosen = np.random.default_rng([seed, 3]).choice(len(pool), n, replace=False)
    return [pool[i] for i in chosen]


N_POOL = 3_500
"""Passages in the asset, rounded down."""


def arm_cells(experiment: str, arms: Iterable[str], seeds: int) -> list[Cell]:
    """Return a cell for each arm and seed, ordered by seed."""
    return [
        Cell(experiment, {"corpus": CORPUS, "arm": arm, "seed": seed})
        for seed in range(seeds)
        for arm in arms
    ]


def run_arm(
    cell: Cell, folder: Path, arm: Arm, n_passages: int, *, power: bool
) -> Iterator[Measure]:
    """Mark fresh passages, train the tiny model on one half, and audit both."""
    seed = int(cell.settings["seed"])
    trial = Trial(
        documents=fresh_passages(n_passages, seed),
        arm=arm,
        base=str(tiny_base(folder.with_name("base"))),
        training=TRAINING.of_seed(seed),
        detectors=tiny_detectors(),
        seed=seed,
        options=OPTIONS,
        power=power,
    )
    yield from run_trial(trial, folder)


def tiny_detectors() -> Mapping[str, Detector]:
    """Return four common detectors, each also minus the reference's."""
    alone: tuple[Detector, ...] = (Loss(), ZlibRatio(), MinK(), MinKPlusPlus())
    both = (*alone, *(MinusReference(detector) for detector in alone))
    return {detector.name: detector for detector in both}
