"""The effect of each setting of LexiMark, on the tiny model with many seeds.

    leximark reproduce ablations --out OUT

Each arm changes one setting of the arm `default` (keyed, scope word, m = 2 with the original, no
variants, and the paper's K = 5 where `mark` takes 2, so that a setting has sites to work on). The
model is trained on one half of 200 passages for three epochs and audited on both halves, with the
base as reference.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from pipelines.experiments.runner.experiment import Experiment, Needs
from pipelines.experiments.runner.records import Cell, Measure, Row
from pipelines.experiments.trials.halves import Arm
from pipelines.experiments.trials.lift import describe_lift
from pipelines.experiments.trials.tiny import arm_cells, run_arm
from watermark.schemes.leximark import LexiMark

N_PASSAGES = 200
SEEDS = 10
DEFAULT = LexiMark(words_per_sentence=5, sources=("wordnet",), variants=())
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
    """Return the cells, ordered by seed."""
    return arm_cells("ablations", ARMS, seeds)


def run(cell: Cell, folder: Path) -> Iterator[Measure]:
    """Mark, train, audit."""
    arm = ARMS[str(cell.settings["arm"])]
    yield from run_arm(cell, folder, arm, N_PASSAGES, power=False)


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
