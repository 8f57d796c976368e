"""Turn the rows of a table into means with intervals, and into Markdown."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import t as student

from pipelines.experiments.runner.records import Row

LEVEL = 0.95


@dataclass(frozen=True)
class Mean:
    """A mean over independent runs, with Student's 95 % interval."""

    value: float
    half_width: float
    """NaN for a single run."""
    n: int

    def words(self, digits: int = 3, *, sign: bool = False) -> str:
        """Return the mean and its interval for a table; a dash if there is no value."""
        if not self.n:
            return "-"
        shown = f"{self.value:{'+' if sign else ''}.{digits}f}"
        return shown if np.isnan(self.half_width) else f"{shown} ± {self.half_width:.{digits}f}"


def mean_of(values: Iterable[float]) -> Mean:
    """Return the mean of values from independent runs."""
    found = np.array(list(values), dtype=np.float64)
    if len(found) < 2:
        return Mean(float(found.mean()) if len(found) else np.nan, np.nan, len(found))
    error = found.std(ddof=1) / np.sqrt(len(found))
    width = float(student.ppf((1 + LEVEL) / 2, len(found) - 1) * error)
    return Mean(float(found.mean()), width, len(found))


def select_rows(rows: Iterable[Row], **wanted: Any) -> list[Row]:
    """Return the rows in which the columns have these values."""
    return [row for row in rows if all(row.get(k) == v for k, v in wanted.items())]


def by_run(rows: Iterable[Row], keys: Sequence[str]) -> dict[tuple[Any, ...], float]:
    """Return the value of each run; a run is named by the columns in `keys`.

    Raises:
        ValueError: Two rows belong to one run: `keys` does not distinguish them.
    """
    found: dict[tuple[Any, ...], float] = {}
    for row in rows:
        run = tuple(row[key] for key in keys)
        if run in found:
            raise ValueError(f"two values of {dict(zip(keys, run, strict=True))}")
        found[run] = row["value"]
    return found


def differences(rows: Iterable[Row], others: Iterable[Row], keys: Sequence[str]) -> list[float]:
    """Return value minus the other's value for every run that both have."""
    ours, theirs = by_run(rows, keys), by_run(others, keys)
    return [value - theirs[run] for run, value in ours.items() if run in theirs]


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a table."""
    lines = [header, ["---"] * len(header), *rows]
    return ["| " + " | ".join(line) + " |" for line in lines] + [""]


def names(rows: Iterable[Row], column: str) -> list[str]:
    """Return the values of a column in their order."""
    return list(dict.fromkeys(row[column] for row in rows if row.get(column) is not None))
