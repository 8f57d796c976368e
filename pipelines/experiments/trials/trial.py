"""One trial: mark a corpus, train a model on one half, audit it, and measure.

This is what most experiments repeat under different settings. Everything stays in the trial's
folder, so an interrupted trial continues, and a new detector can be measured without training
again: remove the record of the cell and run it once more.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from membership.audit.observations import Observations, observe
from membership.detector import Detector
from membership.detectors.reference import MinusReference
from membership.evidence.remarkings import Remarkings, make_remarkings
from membership.scoring import assemble_panel
from pipelines.experiments.runner.records import Measure
from pipelines.experiments.trials.halves import Arm, Halves, make_halves
from pipelines.experiments.trials.marked_words import MarkedWords
from pipelines.experiments.trials.measures import (
    WITH_REFERENCE,
    measure_detectors,
    measure_power,
    measure_tests,
)
from pipelines.loading.models import ModelOptions, load_model
from pipelines.training.training import TrainingSettings, load_base, train_once
from watermark.document import Document


@dataclass(frozen=True)
class Trial:
    """The settings of a trial."""

    documents: Sequence[Document]
    arm: Arm
    base: str
    """Folder or hub id of the model to fine-tune; it is also the reference."""
    training: TrainingSettings
    detectors: Mapping[str, Detector]
    seed: int
    options: ModelOptions = ModelOptions()
    power: bool = True
    """Whether to measure the power of the tests as well."""


def run_trial(trial: Trial, folder: Path) -> Iterator[Measure]:
    """Run a trial in a folder of its own and yield what it measured."""
    halves = make_halves(folder, trial.documents, trial.arm, trial.seed)
    model = train_once(
        lambda: load_base(trial.base, trial.training),
        halves.members,
        folder / "model",
        trial.training,
    )
    found = examine_halves(halves, str(model), trial)
    yield from measure_detectors(found)
    yield from measure_tests(found, halves.key)
    if trial.power:
        yield from measure_power(found, halves.key, trial.seed)


def examine_halves(halves: Halves, model: str, trial: Trial) -> Observations:
    """Run a model and its base over both halves."""
    words = MarkedWords(halves.marked_words)
    of_words: list[Detector] = [words, MinusReference(words)] if halves.marked_words else []
    return observe(
        halves.corpus,
        assemble_panel(
            {**trial.detectors, **{detector.name: detector for detector in of_words}},
            load_model(model, trial.options),
            {"base": load_model(trial.base, trial.options)},
        ),
        remarking=_remarking(halves, trial),
    )


def _remarking(halves: Halves, trial: Trial) -> tuple[Remarkings, str] | None:
    if not trial.arm.remark_alpha:
        return None
    corpus, alpha = halves.corpus, trial.arm.remark_alpha
    versions = make_remarkings(
        corpus.originals, corpus.sites, corpus.choices, halves.key, alpha=alpha
    )
    return versions, WITH_REFERENCE
