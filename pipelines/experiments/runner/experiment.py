"""An experiment: cells to run, and a page made from their table."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.experiments.runner.records import Cell, Measure, Row, read_table, run_cells
from watermark.atomic import atomic_file
from watermark.errors import ToolkitError


@dataclass(frozen=True)
class Needs:
    """What a machine must have."""

    assets: tuple[str, ...] = ()
    """Names of `leximark assets`."""
    models: tuple[str, ...] = ()
    """Hub ids of models."""
    datasets: tuple[str, ...] = ()
    """Names of the data sets of `pipelines/experiments/trials/paper_corpora.py`."""
    local_datasets: tuple[str, ...] = ()
    """Names of data sets that need a local copy."""
    gpu_gigabytes: int = 0
    """Memory of one GPU; 0 if a CPU will do."""
    hours: float = 0.0
    """About how long it takes, on two CPU cores or on the GPU."""


@dataclass(frozen=True)
class Experiment:
    """One table of results: its cells, how one is run, how the page is made."""

    name: str
    title: str
    needs: Needs
    seeds: int
    """Default number of seeds."""
    cells: Callable[[int], list[Cell]]
    """Returns the cells for a number of seeds."""
    run: Callable[[Cell, Path], Iterable[Measure]]
    """Measures a cell, in a working folder of its own."""
    describe: Callable[[list[Row], Path], str]
    """Returns the page for the rows of the table; writes plots into the folder."""


def select(cells: Sequence[Cell], only: Mapping[str, Sequence[str]]) -> list[Cell]:
    """Return the cells whose settings are among those asked for.

    Args:
        cells: All cells of an experiment.
        only: Wanted values by setting; settings that are not named may have any value.

    Raises:
        ToolkitError: There is no such setting or value.
    """
    for name, wanted in only.items():
        known = dict.fromkeys(str(c.settings[name]) for c in cells if name in c.settings)
        if not known:
            settings = ", ".join(dict.fromkeys(s for c in cells for s in c.settings))
            raise ToolkitError(f"--only {name}: there is no such setting; there are {settings}")
        for value in wanted:
            if value not in known:
                raise ToolkitError(f"--only {name}={value}: {name} is one of {', '.join(known)}")
    return [
        cell
        for cell in cells
        if all(str(cell.settings.get(name)) in wanted for name, wanted in only.items())
    ]


def run_experiment(
    experiment: Experiment, cells: Sequence[Cell], folder: Path, say: Callable[[str], None]
) -> Path:
    """Run the cells that have no record yet, write table and page, return the page's path."""
    table = run_cells(cells, folder, experiment.run, say)
    page = folder / "README.md"
    text = experiment.describe(read_table(table), folder)
    page.unlink(missing_ok=True)
    with atomic_file(page) as draft:
        draft.write_text(text, encoding="utf-8")
    return page
