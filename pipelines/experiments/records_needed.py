"""How many documents each test needs, on the tiny model with many seeds.

    leximark reproduce records_needed --out OUT

The model is trained on one half of 240 passages for three epochs. Random subsets of the members are
tested at three levels, with as many non-members where the test needs them.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from pipelines.experiments.runner.experiment import Experiment, Needs
from pipelines.experiments.runner.records import Cell, Measure, Row
from pipelines.experiments.runner.summary import markdown_table, select_rows
from pipelines.experiments.trials.halves import Arm
from pipelines.experiments.trials.lift import POWER, TESTS, describe_lift, needed
from pipelines.experiments.trials.measures import ALPHAS, power_name
from pipelines.experiments.trials.tiny import arm_cells, run_arm
from watermark.schemes.leximark import LexiMark

N_PASSAGES = 240
SEEDS = 10
PAPER = LexiMark(words_per_sentence=5, sources=("wordnet",), variants=())
"""As many words of a sentence as in the paper; `mark` takes fewer, and variants."""
ARMS = {
    "none": Arm(None),
    "published": Arm(replace(PAPER, rule="published")),
    "keyed word": Arm(PAPER),
    "keyed site": Arm(replace(PAPER, scope="site")),
}


def cells(seeds: int) -> list[Cell]:
    """Return the cells, ordered by seed."""
    return arm_cells("records_needed", ARMS, seeds)


def run(cell: Cell, folder: Path) -> Iterator[Measure]:
    """Mark, train, audit."""
    arm = ARMS[str(cell.settings["arm"])]
    yield from run_arm(cell, folder, arm, N_PASSAGES, power=True)


def describe(rows: list[Row], folder: Path) -> str:
    """Return the page: documents needed, then the tables that every page of arms has."""
    lines = [
        "# Documents needed",
        "",
        f"Smallest number of documents of those tried with a power of {POWER:.0%} or more, mean "
        "over seeds; two-sample tests also need as many outsiders.",
        "",
        *markdown_table(
            ["arm", "test", *(f"p < {alpha:g}" for alpha in ALPHAS)],
            (
                [arm, test, *(needed(rows, arm, test, alpha) for alpha in ALPHAS)]
                for arm in ARMS
                for test in TESTS
                if select_rows(rows, arm=arm, of=test, measure=power_name(ALPHAS[0]))
            ),
        ),
    ]
    return "\n".join(lines) + "\n" + describe_lift(rows, folder, arms=tuple(ARMS))


EXPERIMENT = Experiment(
    name="records_needed",
    title="documents needed for p < .05, .001, 1e-6 by test, tiny model, ten seeds",
    needs=Needs(assets=("texts",), hours=1.0),
    seeds=SEEDS,
    cells=cells,
    run=run,
    describe=describe,
)
