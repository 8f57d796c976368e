"""A complete miniature of an experiment: two schemes, two detectors, a tiny model, one minute.

    leximark reproduce smoke --out OUT

Nothing can be concluded from so few documents; it shows that every step works on this machine.
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from membership.detectors.loss import Loss
from membership.detectors.min_k_plus_plus import MinKPlusPlus
from membership.detectors.reference import MinusReference
from pipelines.experiments.runner.experiment import Experiment, Needs
from pipelines.experiments.runner.records import Cell, Measure, Row
from pipelines.experiments.trials.halves import Arm
from pipelines.experiments.trials.lift import describe_lift
from pipelines.experiments.trials.trial import Trial, run_trial
from pipelines.loading.embedded_text import paragraphs
from pipelines.loading.models import ModelOptions
from pipelines.training.training import (
    Shape,
    TrainingSettings,
    new_model,
    new_tokenizer,
    train_once,
)
from watermark.document import Document
from watermark.schemes.leximark import LexiMark

N_DOCUMENTS, N_OTHER = 120, 120
SHAPE = Shape(layers=2, width=64, heads=4, context=256)
VOCABULARY = 1024
PRETRAINING = TrainingSettings(learning_rate=3e-3, epochs=4, batch_size=8, precision="float32")
TRAINING = TrainingSettings(learning_rate=3e-3, epochs=6, batch_size=8, precision="float32")
CORPUS = "documentation"
ARMS = {"none": Arm(None), "keyed word": Arm(LexiMark(sources=("wordnet",)))}
DETECTORS = (MinKPlusPlus(), MinusReference(Loss(), "token"))


def cells(seeds: int) -> list[Cell]:
    """Return the cells, ordered by seed."""
    return [
        Cell("smoke", {"corpus": CORPUS, "arm": arm, "seed": seed})
        for seed in range(seeds)
        for arm in ARMS
    ]


def run(cell: Cell, folder: Path) -> Iterator[Measure]:
    """Pretrain a tiny base on other paragraphs, then mark, train, audit."""
    seed = int(cell.settings["seed"])
    texts = list(islice(paragraphs(), N_DOCUMENTS + N_OTHER))
    documents = [Document(f"t{i}", text) for i, text in enumerate(texts[:N_DOCUMENTS])]
    trial = Trial(
        documents=documents,
        arm=ARMS[str(cell.settings["arm"])],
        base=str(_base(folder.with_name("base"), texts[N_DOCUMENTS:])),
        training=TRAINING.of_seed(seed),
        detectors={detector.name: detector for detector in DETECTORS},
        seed=seed,
        options=ModelOptions(dtype="float32"),
        power=False,
    )
    yield from run_trial(trial, folder)


def _base(folder: Path, texts: list[str]) -> Path:
    def new() -> tuple[object, object]:
        tokenizer = new_tokenizer(texts, VOCABULARY)
        return new_model(tokenizer, SHAPE, seed=0), tokenizer

    return train_once(new, texts, folder, PRETRAINING)


def describe(rows: list[Row], folder: Path) -> str:
    """Return the page."""
    return describe_lift(rows, folder, arms=tuple(ARMS))


EXPERIMENT = Experiment(
    name="smoke",
    title="A miniature: two schemes, two detectors, a tiny model",
    needs=Needs(hours=0.02),
    seeds=1,
    cells=cells,
    run=run,
    describe=describe,
)
