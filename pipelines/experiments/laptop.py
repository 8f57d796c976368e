"""The experiments of the papers that two CPU cores can run: one pretrained model, two corpora.

    leximark reproduce laptop --out OUT

SmolLM2-135M is fine-tuned for one epoch on one half of 100 passages and audited on both halves.
Each cell is one corpus, one way to mark and one seed; the seed gives the passages, the key, the
halves and the order of training, and the arms of one seed share all of them. The base model is the
reference.

The released LexiMark code marks members and non-members separately. The arm with two codebooks does
the same, to measure the effect of that choice alone.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from membership.detectors import default_detectors
from pipelines.experiments.leximark_pretrain import M160, PUBLISHED
from pipelines.experiments.paper_grid import PUBLISHED_DETECTOR
from pipelines.experiments.runner.experiment import Experiment, Needs
from pipelines.experiments.runner.records import Cell, Measure, Row
from pipelines.experiments.runner.summary import markdown_table, mean_of, select_rows
from pipelines.experiments.trials.halves import Arm
from pipelines.experiments.trials.lift import contrast, describe_lift
from pipelines.experiments.trials.passages import passages
from pipelines.experiments.trials.trial import Trial, run_trial
from pipelines.loading.models import ModelOptions
from pipelines.training.training import TrainingSettings
from watermark.assets import find_model
from watermark.schemes.leximark import LexiMark
from watermark.schemes.look_alikes import LookAlikes
from watermark.schemes.random_sequence import RandomSequence

CORPORA = ("news", "speeches")
N_PASSAGES = 100
BASE = "smollm2-135m"
TRAINING = TrainingSettings(learning_rate=1e-4, epochs=1, batch_size=4)
SEEDS = 3
PAPER = LexiMark(words_per_sentence=5, sources=("wordnet",), variants=())
"""As many words of a sentence as in the paper; `mark` takes fewer, and variants."""
ARMS = {
    "none": Arm(None),
    "published": Arm(replace(PAPER, rule="published")),
    "keyed word": Arm(PAPER),
    "keyed site": Arm(replace(PAPER, scope="site")),
    "random sequence": Arm(RandomSequence(), remark_alpha=0.01),
    "look-alikes": Arm(LookAlikes(scope="word")),
    "published, two codebooks": Arm(replace(PAPER, rule="published"), codebooks=2),
}
CONTRASTS = (
    ("published", "keyed word"),
    ("keyed word", "keyed site"),
    ("published, two codebooks", "published"),
)


def cells(seeds: int) -> list[Cell]:
    """Return the cells, ordered by seed."""
    return [
        Cell("laptop", {"corpus": corpus, "arm": arm, "seed": seed})
        for seed in range(seeds)
        for corpus in CORPORA
        for arm in ARMS
    ]


def run(cell: Cell, folder: Path) -> Iterator[Measure]:
    """Mark, train, audit."""
    seed = int(cell.settings["seed"])
    trial = Trial(
        documents=passages(str(cell.settings["corpus"]), N_PASSAGES, seed=seed),
        arm=ARMS[str(cell.settings["arm"])],
        base=str(find_model(BASE)),
        training=TRAINING.of_seed(seed),
        detectors=default_detectors(),
        seed=seed,
        options=ModelOptions(cache=folder.with_name("traces")),
    )
    yield from run_trial(trial, folder)


def describe(rows: list[Row], folder: Path) -> str:
    """Write the plots and return the page."""
    return f"# {EXPERIMENT.title}\n\n{_beside(rows)}\n" + describe_lift(
        rows, folder, arms=tuple(ARMS), contrasts=CONTRASTS
    )


def _beside(rows: list[Row]) -> str:
    """Return our lifts beside those that the paper has for the model nearest in size."""
    aurocs = select_rows(rows, measure="auroc", of=PUBLISHED_DETECTOR)

    def ours(corpus: str) -> list[str]:
        some = select_rows(aurocs, corpus=corpus)
        none, marked = (
            mean_of(row["value"] for row in select_rows(some, arm=arm)).words()
            for arm in ("none", "published")
        )
        return [
            "ours",
            corpus,
            none,
            marked,
            contrast(some, "published", "none", PUBLISHED_DETECTOR),
        ]

    theirs = [
        [
            "the paper's",
            corpus,
            f"{none / 100:.3f}",
            f"{marked / 100:.3f}",
            f"{(marked - none) / 100:+.3f}",
        ]
        for (corpus, model), (none, marked) in PUBLISHED.items()
        if model == M160
    ]
    return "\n".join(
        [
            f"AUROC of Min-K%++ with the rule of the paper, beside its numbers for {M160}, "
            "continued pre-training, also one epoch at 1e-4. What differs: the paper's records are "
            "longer and many more, its halves are in the order of the file and marked separately, "
            "and its synonyms ignore sense and inflection; it gives no seeds and no intervals.",
            "",
            *markdown_table(
                ["numbers", "corpus", "none", "published rule", "lift"],
                [*theirs, *(ours(corpus) for corpus in CORPORA)],
            ),
        ]
    )


EXPERIMENT = Experiment(
    name="laptop",
    title="SmolLM2-135M on news and speeches, every scheme, two CPU cores",
    needs=Needs(assets=("smollm2-135m", "texts"), hours=4.0),
    seeds=SEEDS,
    cells=cells,
    run=run,
    describe=describe,
)
