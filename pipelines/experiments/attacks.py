"""How well marks survive attacks: documents needed for p < .001, measured on a tiny model.

    leximark reproduce attacks --out OUT

News passages are marked, attacked, and a tiny model is trained on them; or the model that was
trained on the marked texts is attacked. Each cell is also run without marks: a model trained on the
originals, attacked in the same way, must give uniform p-values. `attacks_smollm2` repeats the
attacks that matter most on a real model.
"""

from collections.abc import Iterator
from pathlib import Path

from attacks.model.loop import TrainingLoop
from pipelines.experiments.runner.experiment import Experiment, Needs
from pipelines.experiments.runner.records import Cell, Measure
from pipelines.experiments.trials.attack_arms import FROM_BASE, MODEL_ARMS, TEXT_ARMS
from pipelines.experiments.trials.attack_run import Setup, run_attack
from pipelines.experiments.trials.attacks_page import describe
from pipelines.experiments.trials.small import TRAINING, small_base
from watermark.schemes.leximark import LexiMark

SETUP = Setup(
    n_documents=100,
    n_withheld=50,
    # A hundred short texts need more sites than the default gives.
    scheme=LexiMark(sources=("wordnet",)),
    thief_source="wordnet",
    training=TRAINING,
    loop=TrainingLoop(learning_rate=3e-3, batch_size=8, max_tokens=256),
    unmarked=True,
    public="smollm2-135m",
)
ARMS = [*TEXT_ARMS, *MODEL_ARMS, *FROM_BASE]


def cells(seeds: int) -> list[Cell]:
    """Return a cell for each attack, strength and seed, ordered by seed."""
    return [
        Cell("attacks", {"attack": attack, "strength": strength, "seed": seed})
        for seed in range(seeds)
        for attack, strength in ARMS
    ]


def run(cell: Cell, folder: Path) -> Iterator[Measure]:
    """Attack texts or a model with marks and without, and run the re-draw test on both."""
    yield from run_attack(SETUP, cell, small_base(folder.with_name("base")), folder)


EXPERIMENT = Experiment(
    name="attacks",
    title="What the marks survive: every attack on a tiny model, in documents needed",
    needs=Needs(assets=("texts", "minilm", "smollm2-135m"), hours=4),
    seeds=10,
    cells=cells,
    run=run,
    describe=describe,
)
