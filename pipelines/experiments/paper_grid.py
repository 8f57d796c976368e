"""The grid of the LexiMark paper: data sets x models x schemes, all detectors.

Shared by `leximark_finetune` and `leximark_pretrain`, which differ in models and training.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from membership.detectors import default_detectors
from pipelines.experiments.runner.records import Cell, Measure, Row
from pipelines.experiments.runner.summary import markdown_table, mean_of, select_rows
from pipelines.experiments.trials.halves import Arm
from pipelines.experiments.trials.lift import describe_lift
from pipelines.experiments.trials.paper_corpora import CORPORA, load_paper_corpus
from pipelines.experiments.trials.trial import Trial, run_trial
from pipelines.training.presets import for_model
from pipelines.training.training import TrainingSettings, model_type
from watermark.schemes.leximark import LexiMark
from watermark.schemes.look_alikes import LookAlikes
from watermark.schemes.planted import Trigger
from watermark.schemes.random_sequence import RandomSequence

N_DOCUMENTS = 10_000
"""Documents of each data set, both halves together; probably the paper's `--split`."""
K = 5
PAPER = LexiMark(rule="published", words_per_sentence=K, sources=("wordnet",))
ARMS = {
    "none": Arm(None),
    "LexiMark": Arm(PAPER),
    "LexiMark, two codebooks": Arm(PAPER, codebooks=2),
    "LexiMark keyed": Arm(replace(PAPER, rule="keyed", variants=())),
    "random sequence": Arm(RandomSequence()),
    "look-alikes": Arm(LookAlikes()),
    "TextMarker": Arm(Trigger()),
}
PUBLISHED_DETECTOR = "min_k_plus_plus"
"""The detector of the paper's tables."""


def grid_cells(experiment: str, models: Sequence[str]) -> Callable[[int], list[Cell]]:
    """Return the function from the number of seeds to the cells."""

    def cells(seeds: int) -> list[Cell]:
        return [
            Cell(experiment, {"model": model, "corpus": corpus, "arm": arm, "seed": seed})
            for seed in range(seeds)
            for model in models
            for corpus in CORPORA
            for arm in ARMS
        ]

    return cells


def grid_run(training: TrainingSettings) -> Callable[[Cell, Path], Iterator[Measure]]:
    """Return the function that runs a cell with these hyper-parameters."""

    def run(cell: Cell, folder: Path) -> Iterator[Measure]:
        model, seed = str(cell.settings["model"]), int(cell.settings["seed"])
        trial = Trial(
            documents=load_paper_corpus(str(cell.settings["corpus"]), N_DOCUMENTS),
            arm=ARMS[str(cell.settings["arm"])],
            base=model,
            training=for_model(training, model_type(model)).of_seed(seed),
            detectors=default_detectors(),
            seed=seed,
        )
        yield from run_trial(trial, folder)

    return run


def grid_describe(
    published: dict[tuple[str, str], tuple[float, float]],
) -> Callable[[list[Row], Path], str]:
    """Return the function that makes the page.

    Args:
        published: The paper's AUROC of Min-K%++ (k = 20 %) without and with LexiMark, in percent,
            by data set and model.
    """

    def describe(rows: list[Row], folder: Path) -> str:
        models = dict.fromkeys(row["model"] for row in rows)
        pages = [
            f"# {model}\n\n{_beside(rows, model, published)}\n"
            + describe_lift(
                select_rows(rows, model=model),
                folder,
                arms=tuple(ARMS),
                picture=f"power-{number}.svg",
            )
            for number, model in enumerate(models, 1)
        ]
        return "\n".join(pages)

    return describe


def _beside(
    rows: list[Row], model: str, published: dict[tuple[str, str], tuple[float, float]]
) -> str:
    """Return our numbers beside the paper's."""

    def ours(corpus: str, arm: str) -> str:
        found = select_rows(
            rows, model=model, corpus=corpus, arm=arm, measure="auroc", of=PUBLISHED_DETECTOR
        )
        return mean_of(100 * row["value"] for row in found).words(1) if found else "-"

    lines = markdown_table(
        ["data set", "none: paper", "none: ours", "LexiMark: paper", "one codebook", "two"],
        (
            [
                corpus,
                f"{none:.1f}",
                ours(corpus, "none"),
                f"{marked:.1f}",
                ours(corpus, "LexiMark"),
                ours(corpus, "LexiMark, two codebooks"),
            ]
            for (corpus, of), (none, marked) in published.items()
            if of == model
        ),
    )
    return "\n".join(
        [
            "AUROC of Min-K%++ in percent. The paper's halves are in the order of the file and are "
            "marked separately; ours are random. Our synonyms respect sense and inflection.",
            "",
            *lines,
        ]
    )
