"""What each setting of LexiMark is worth, on the tiny model with many seeds.

    leximark reproduce ablations --out OUT

Each arm changes one setting of the default (keyed, scope word, K = 5, m = 2 with the original). One
half of 200 passages is trained on for three epochs, both are audited, the base is the reference.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from pipelines.experiments.experiment import Experiment, Needs
from pipelines.experiments.halves import Arm
from pipelines.experiments.lift import describe_lift
from pipelines.experiments.records import Cell, Measure, Row
from pipelines.experiments.tiny import CORPUS, OPTIONS, fresh_passages, tiny_base, tiny_detectors
from pipelines.experiments.trial import Trial, run_trial
from pipelines.training import TrainingSettings
from watermark.schemes.leximark import LexiMark

N_PASSAGES = 200
TRAINING = TrainingSettings(learning_rate=1e-3, epochs=3, batch_size=4, precision="float32")
SEEDS = 10
DEFAULT = LexiMark()
ARMS = {
    "none": Arm(None),
    "default": Arm(DEFAULT),
    "K=1": Arm(replace(DEFAULT, words_per_sentence=1)),
    "K=3": Arm(replace(DEFAULT, words_per_sentence=3)),
    "K=8": Arm(replace(DEFAULT, words_per_sentence=8)),
    "m=3": Arm(replace(DEFAULT, n_candidates=3)),
    "m=2, no original": Arm(replace(DEFAULT, keep_original=False)),
    "scope site": Arm(replace(DEFAULT, scope="site")),
    "rule published": Arm(replace(DEFAULT, rule="published")),
    "random words": Arm(replace(DEFAULT, select="random")),
    "commonest words": Arm(replace(DEFAULT, select="commonest")),
    "half of the documents": Arm(replace(DEFAULT, share=0.5)),
    "stricter fit": Arm(replace(DEFAULT, fit=replace(DEFAULT.fit, min_fit=0.5))),
}


def cells(seeds: int) -> list[Cell]:
    """Return the cells, seed by seed."""
    return [
        Cell("ablations", {"corpus": CORPUS, "arm": arm, "seed": seed})
        for seed in range(seeds)
        for arm in ARMS
    ]


def run(cell: Cell, folder: Path) -> Iterator[Measure]:
    """Mark, train, audit."""
    seed = int(cell.settings["seed"])
    trial = Trial(
        documents=fresh_passages(N_PASSAGES, seed),
        arm=ARMS[str(cell.settings["arm"])],
        base=str(tiny_base(folder.with_name("base"))),
        training=TRAINING.of_seed(seed),
        detectors=tiny_detectors(),
        seed=seed,
        options=OPTIONS,
        power=False,
    )
    yield from run_trial(trial, folder)


def describe(rows: list[Row], folder: Path) -> str:
    """Return the page."""
    return "# Ablations\n\n" + describe_lift(rows, folder, arms=tuple(ARMS))


EXPERIMENT = Experiment(
    name="ablations",
    title="each setting of LexiMark by itself, tiny model, ten seeds",
    needs=Needs(assets=("texts",), hours=1.0),
    seeds=SEEDS,
    cells=cells,
    run=run,
    describe=describe,
)
