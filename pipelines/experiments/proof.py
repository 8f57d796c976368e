"""The main job on real text: does `verify` find the model that was trained, and no other?

    leximark reproduce proof --out OUT

`pipelines.experiments.standalone.proof` says what is marked, trained and audited. A cell is one
seed with all of its audits, which share the vaults and the models; an interrupted cell continues
where it stopped.
"""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from pipelines.experiments.runner.experiment import Experiment, Needs
from pipelines.experiments.runner.records import Cell, Measure, Row
from pipelines.experiments.standalone import proof


def cells(seeds: int) -> list[Cell]:
    """Return one cell per seed; the first is the seed of the report."""
    return [
        Cell("proof", {"corpus": proof.CORPUS, "seed": proof.SEED + number})
        for number in range(seeds)
    ]


def run(cell: Cell, folder: Path) -> Iterator[Measure]:
    """Mark, fine-tune and audit."""
    seed = int(cell.settings["seed"])
    results = proof.run(folder, seed=seed)
    shutil.copyfile(folder / "results.json", _results(folder.parents[1], seed))
    for name, report in results["audits"].items():
        first = report["primary"]
        n_sites = first["details"]["n_sites"]
        for measure in ("pvalue", "zscore", "effect"):
            yield Measure(measure, first[measure], of=name, n=n_sites)
    for name, counts in results["power"].items():
        for size, (found, n) in counts.items():
            yield Measure("power", found / n, of=name, n=n, at=int(size))


def describe(rows: list[Row], folder: Path) -> str:
    """Return one page per seed, one below the other."""
    pages = []
    for seed in dict.fromkeys(int(row["seed"]) for row in rows):
        results = json.loads(_results(folder, seed).read_text(encoding="utf-8"))
        pages.append(proof.describe(results))
    return "\n".join(pages)


def _results(out: Path, seed: int) -> Path:
    """Return where the numbers of a seed are kept, apart from work that may be deleted."""
    return out / f"results-seed-{seed}.json"


EXPERIMENT = Experiment(
    name="proof",
    title="The main job on real text, with its controls and the power on few documents",
    needs=Needs(assets=("smollm2-135m", "texts"), hours=1.0),
    seeds=1,
    cells=cells,
    run=run,
    describe=describe,
)
