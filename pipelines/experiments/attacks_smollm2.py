"""How well marks survive the attacks that matter most, measured on SmolLM2-135M.

    leximark reproduce attacks_smollm2 --out OUT

News passages are marked with the settings of `leximark mark --quality fast`, attacked, and
SmolLM2-135M is trained on them for one epoch, with the settings of `proof`; or the model that was
trained on the marked texts is attacked. No second model is trained on the originals: the null is
that of keys which the attacked model never saw.
"""

from collections.abc import Iterator
from pathlib import Path

from attacks.model.loop import TrainingLoop
from pipelines.experiments.runner.experiment import Experiment, Needs
from pipelines.experiments.runner.records import Cell, Measure
from pipelines.experiments.trials.attack_run import Setup, run_attack
from pipelines.experiments.trials.attacks_page import describe
from pipelines.training.training import TrainingSettings
from watermark.assets import find_model
from watermark.schemes.leximark import LexiMark

SETUP = Setup(
    n_documents=150,
    n_withheld=75,
    scheme=LexiMark(),
    thief_source="listed",
    training=TrainingSettings(
        learning_rate=1e-4, epochs=1, batch_size=4, precision="float32", checkpoint_steps=20
    ),
    loop=TrainingLoop(learning_rate=1e-4, batch_size=4),
    unmarked=False,
)
ARMS = (
    ("none", "-"),
    ("quantization", "4 bits"),
    ("pruning", "30 % of weights"),
    ("merging", "half base, linear"),
    ("adaptive", "all sites"),
    ("random_synonyms", "all words"),
    ("random_synonyms", "50 % of words"),
    ("commonest_synonyms", "all words"),
    ("rules", "all sentences"),
    ("chat", "rephrase, SmolLM2-135M"),
    ("collusion", "2 editions"),
    ("deduplication", "minhash, half of the originals in the crawl"),
    ("unlearning", "npo"),
    ("lora", "rank 8, 3 epochs"),
    ("continued_training", "3 x the texts"),
)


def cells(seeds: int) -> list[Cell]:
    """Return a cell for each attack, strength and seed, ordered by seed."""
    return [
        Cell("attacks_smollm2", {"attack": attack, "strength": strength, "seed": seed})
        for seed in range(seeds)
        for attack, strength in ARMS
    ]


def run(cell: Cell, folder: Path) -> Iterator[Measure]:
    """Attack texts or a model, and run the re-draw test with our key and with others."""
    yield from run_attack(SETUP, cell, find_model("smollm2-135m"), folder)


EXPERIMENT = Experiment(
    name="attacks_smollm2",
    title="What the marks survive: fourteen attacks on SmolLM2-135M, in documents needed",
    needs=Needs(assets=("texts", "minilm", "smollm2-135m"), hours=2.5),
    seeds=3,
    cells=cells,
    run=run,
    describe=describe,
)
