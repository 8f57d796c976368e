"""Copies, corpus size and order of training, as the Hubble models vary them.

    leximark reproduce hubble_ladder --out OUT

In one training run, groups of marked passages come 1, 4, 16, 64 and 256 times among unmarked ones;
others, marked alike, do not come at all. Every place has a draw of its own (scope site), so what a
model learned from the copies of one group says nothing about another one.

Source of the design: "Hubble: a model suite to advance the study of LLM memorization" (2025), where
copies are inserted into the pretraining of models a thousand times larger.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from membership.audit.corpus import load_audit_corpus
from membership.audit.observations import Observations, observe
from membership.evidence.permutation import auroc
from membership.scoring import assemble_panel
from pipelines.experiments.runner.experiment import Experiment, Needs
from pipelines.experiments.runner.records import Cell, Measure, Row
from pipelines.experiments.runner.summary import (
    differences,
    markdown_table,
    mean_of,
    names,
    select_rows,
)
from pipelines.experiments.trials.halves import experiment_key, mark_documents
from pipelines.experiments.trials.measures import Tests, score_values
from pipelines.experiments.trials.tiny import OPTIONS, fresh_passages, tiny_base, tiny_detectors
from pipelines.loading.models import load_model
from pipelines.training.training import TrainingSettings, load_base, train_once
from watermark.keys import Key
from watermark.schemes.leximark import LexiMark

GROUPS = {1: 30, 4: 30, 16: 10, 64: 4, 256: 2}
"""Number of passages for each number of copies."""
N_OUTSIDERS = 40
CONDITIONS = (
    ("300", "mixed"),
    ("300", "early"),
    ("300", "late"),
    ("900", "mixed"),
)
"""Number of unmarked passages, and where in the training order the copies come."""
CONTRASTS = (
    (
        "early - late",
        {"others": "300", "placement": "early"},
        {"others": "300", "placement": "late"},
    ),
    (
        "900 - 300 others",
        {"others": "900", "placement": "mixed"},
        {"others": "300", "placement": "mixed"},
    ),
)
TRAINING = TrainingSettings(learning_rate=1e-3, epochs=1, batch_size=8, precision="float32")
SEEDS = 10


def cells(seeds: int) -> list[Cell]:
    """Return the cells, ordered by seed."""
    return [
        Cell("hubble_ladder", {"others": others, "placement": placement, "seed": seed})
        for seed in range(seeds)
        for others, placement in CONDITIONS
    ]


def run(cell: Cell, folder: Path) -> Iterator[Measure]:
    """Mark, train on the copies and the others, audit each group."""
    seed, n_others = int(cell.settings["seed"]), int(cell.settings["others"])
    n_marked = sum(GROUPS.values()) + N_OUTSIDERS
    passages = fresh_passages(n_marked + n_others, seed)
    key = experiment_key(seed, 0)
    vault = mark_documents(
        folder,
        passages[:n_marked],
        LexiMark(scope="site", sources=("wordnet",)),
        key,
        holdout_share=N_OUTSIDERS / n_marked,
    )
    corpus = load_audit_corpus(vault)
    groups = _groups(np.flatnonzero(corpus.published), seed)
    copies = [
        corpus.documents[i].text
        for n_copies, members in groups.items()
        for i in members
        for _ in range(n_copies)
    ]
    texts = _order(
        copies, [d.text for d in passages[n_marked:]], str(cell.settings["placement"]), seed
    )
    base = tiny_base(folder.with_name("base"))
    settings = TrainingSettings(**{**TRAINING.__dict__, "seed": seed, "shuffle": False})
    model = train_once(lambda: load_base(base, settings), texts, folder / "model", settings)
    panel = assemble_panel(
        tiny_detectors(),
        load_model(str(model), OPTIONS),
        {"base": load_model(str(base), OPTIONS)},
    )
    found = observe(corpus, panel)
    yield from measure_groups(found, key, groups)


def _groups(members: np.ndarray, seed: int) -> dict[int, np.ndarray]:
    """Assign the members to the groups."""
    dealt = np.random.default_rng([seed, 4]).permutation(members)
    ends = np.cumsum(list(GROUPS.values()))
    return dict(zip(GROUPS, np.split(dealt, ends[:-1]), strict=True))


def _order(copies: Sequence[str], others: Sequence[str], placement: str, seed: int) -> list[str]:
    """Put copies and other texts in the order of training; each part is shuffled."""
    rng = np.random.default_rng([seed, 5])

    def shuffled(texts: Sequence[str]) -> list[str]:
        return [texts[i] for i in rng.permutation(len(texts))]

    if placement == "mixed":
        return shuffled([*copies, *others])
    first, second = (copies, others) if placement == "early" else (others, copies)
    return [*shuffled(first), *shuffled(second)]


def measure_groups(
    found: Observations, key: Key, groups: Mapping[int, np.ndarray]
) -> Iterator[Measure]:
    """Yield for each number of copies the AUROC of each detector and the re-draw test."""
    tests, outsiders = Tests(found, key), np.flatnonzero(~found.corpus.published)
    for n_copies, members in groups.items():
        for name in found.scores:
            values = score_values(found, name)
            area = auroc(values[members], values[outsiders])
            yield Measure("auroc", area, name, len(members) + len(outsiders), n_copies)
        result = tests.redraw(True, 9_999, members)
        for measure in ("pvalue", "effect", "zscore"):
            yield Measure(measure, getattr(result, measure), "redraw", result.n_units, n_copies)


def describe(rows: list[Row], folder: Path) -> str:
    """Return the page: a table for each condition, with a column for each number of copies."""
    lines = ["# Copies, corpus size, order", "", _explain(), ""]
    for others, placement in CONDITIONS:
        some = select_rows(rows, others=others, placement=placement)
        if not some:
            continue
        lines += [f"## {others} other passages, copies {placement}", ""]
        copies = [int(n) for n in names(some, "at")]
        kinds = [
            *(("auroc", detector) for detector in names(select_rows(some, measure="auroc"), "of")),
            ("effect", "redraw"),
            ("zscore", "redraw"),
        ]
        lines += markdown_table(
            ["", *(f"{n} copies" for n in copies)],
            ([_title(*kind), *(_cell(some, *kind, n) for n in copies)] for kind in kinds),
        )
        shares = [_share_found(some, n) for n in copies]
        lines += markdown_table(["", *(f"{n} copies" for n in copies)], [["p < .001", *shares]])
    return "\n".join([*lines, *_contrasts(rows)]) + "\n"


def _contrasts(rows: list[Row]) -> Iterator[str]:
    """Yield the table of paired differences between conditions."""
    copies = [int(n) for n in names(rows, "at")]
    yield "## One condition against another"
    yield ""
    yield "Paired differences of runs with one seed: the same passages, key and groups."
    yield ""
    yield from markdown_table(
        ["", *(f"{n} copies" for n in copies)],
        (
            [f"{_title(*kind)}, {title}", *(_contrast(rows, one, other, *kind, n) for n in copies)]
            for title, one, other in CONTRASTS
            for kind in (("auroc", "loss"), ("auroc", "loss_minus_reference"), ("effect", "redraw"))
        ),
    )


def _contrast(
    rows: list[Row],
    one: Mapping[str, str],
    other: Mapping[str, str],
    measure: str,
    of: str,
    copies: int,
) -> str:
    some = select_rows(rows, measure=measure, of=of, at=copies)
    found = differences(select_rows(some, **one), select_rows(some, **other), ("seed",))
    return mean_of(found).words(2, sign=True)


def _explain() -> str:
    groups = ", ".join(f"{n} passages {copies} times" for copies, n in GROUPS.items())
    return (
        f"Means over seeds with Student's 95 % intervals. Trained on: {groups}. Not trained on: "
        f"{N_OUTSIDERS} passages marked alike, against which AUROC is measured. The re-draw test "
        "has the base as reference; its effect is in nats a site. Groups of many copies are small, "
        "so that their number of sites limits their p."
    )


def _title(measure: str, of: str) -> str:
    return f"AUROC, {of}" if measure == "auroc" else f"re-draw test, {measure}"


def _cell(rows: list[Row], measure: str, of: str, copies: int) -> str:
    found = select_rows(rows, measure=measure, of=of, at=copies)
    return mean_of(row["value"] for row in found).words(2)


def _share_found(rows: list[Row], copies: int) -> str:
    found = [row["value"] < 0.001 for row in select_rows(rows, measure="pvalue", at=copies)]
    return f"{sum(found)} of {len(found)}"


EXPERIMENT = Experiment(
    name="hubble_ladder",
    title="copies 1 to 256, corpus size, early and late placement, tiny model, ten seeds",
    needs=Needs(assets=("texts",), hours=1.5),
    seeds=SEEDS,
    cells=cells,
    run=run,
    describe=describe,
)
