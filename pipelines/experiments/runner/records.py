"""The results of an experiment: one file per cell, one tidy table for all of them.

A *cell* is one setting of one experiment, for example one corpus, scheme and seed. Its numbers are
written when it is done, so an interrupted run continues with the next cell and ends with the same
table.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.reporting.provenance import describe_run
from watermark.atomic import atomic_file

Value = str | int | float | bool
Row = dict[str, Any]


@dataclass(frozen=True)
class Cell:
    """One setting of one experiment."""

    experiment: str
    settings: Mapping[str, Value]

    @property
    def name(self) -> str:
        """A name for files: the settings that matter to a reader, and a hash of all of them."""
        text = json.dumps([self.experiment, dict(self.settings)], sort_keys=True)
        words = "-".join(str(value) for value in self.settings.values())
        safe = "".join(c if c.isalnum() or c in "-." else "_" for c in words)
        return f"{safe[:80]}-{hashlib.sha256(text.encode()).hexdigest()[:10]}"

    def line(self) -> str:
        """Return the cell in one line."""
        settings = ", ".join(f"{name}={value}" for name, value in self.settings.items())
        return f"{self.experiment}: {settings}"


@dataclass(frozen=True)
class Measure:
    """One number that a cell gave."""

    name: str
    """What was measured, for example `auroc`."""
    value: float
    of: str = ""
    """What it was measured on, for example a detector's name."""
    n: int = 0
    """Number of units behind the value."""
    at: int = 0
    """Where on a scale it was measured, for example at how many documents or copies."""


def run_cells(
    cells: Sequence[Cell],
    folder: Path,
    run: Callable[[Cell, Path], Iterable[Measure]],
    say: Callable[[str], None],
) -> Path:
    """Run the cells that are not done yet; return the path of the table of all of them.

    Args:
        cells: What to run, in order.
        folder: Where records and working files go. Records of an earlier run are kept.
        run: Measures a cell; given a working folder of its own.
        say: Told which cell is on.
    """
    (folder / "cells").mkdir(parents=True, exist_ok=True)
    for number, cell in enumerate(cells, 1):
        path = folder / "cells" / f"{cell.name}.json"
        if path.exists():
            continue
        say(f"{number}/{len(cells)} {cell.line()}")
        measures = list(run(cell, folder / "work" / cell.name))
        record = {
            "experiment": cell.experiment,
            "settings": dict(cell.settings),
            "measures": [asdict(measure) for measure in measures],
            "run": _run(),
        }
        with atomic_file(path) as draft:
            draft.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return write_table(cells, folder)


def _run() -> dict[str, Any]:
    run = describe_run({}, {}).as_dict()
    return {name: run[name] for name in ("versions", "commit", "machine")}


def write_table(cells: Sequence[Cell], folder: Path) -> Path:
    """Write `table.parquet`: one row per measure, one column per setting.

    These cells come first, in their order, then those of earlier runs in the same folder.
    """
    rows = list(_rows(cells, folder))
    columns = dict.fromkeys(name for row in rows for name in row)
    rows = [{name: row.get(name) for name in columns} for row in rows]
    path = folder / "table.parquet"
    path.unlink(missing_ok=True)
    with atomic_file(path) as draft:
        pq.write_table(pa.Table.from_pylist(rows), draft)
    return path


def _rows(cells: Sequence[Cell], folder: Path) -> Iterator[dict[str, Any]]:
    now = [folder / "cells" / f"{cell.name}.json" for cell in cells]
    before = sorted({*(folder / "cells").glob("*.json")} - {*now})
    for path in [*now, *before]:
        record = json.loads(path.read_text(encoding="utf-8"))
        for measure in record["measures"]:
            yield {
                "experiment": record["experiment"],
                **record["settings"],
                "measure": measure["name"],
                "of": measure["of"],
                "value": float(measure["value"]),
                "n": measure["n"],
                "at": measure["at"],
                "commit": record["run"]["commit"],
            }


def read_table(path: Path) -> list[Row]:
    """Return the rows of a table."""
    rows: list[Row] = pq.read_table(path).to_pylist()
    return rows
