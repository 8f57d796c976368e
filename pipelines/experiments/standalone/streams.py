"""When does a daily newspaper know that a model trains on it? A simulation from measured effects.

    python -m pipelines.experiments.standalone.streams EDITIONS OUT

EDITIONS is the folder of `pipelines.experiments.standalone.editions`, whose tiny models were really
trained: each of its runs gives, for every document, what the model prefers and which coin was
trained on. A simulated day publishes a few of these documents. On days that the suspect trained on,
the coins are those that its model was trained with; on all others they are fresh. After every day
one looks at the e-value.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom, binomtest

from membership.evidence.redraw import DrawTable
from membership.evidence.streams import bet_stream
from pipelines.experiments.standalone.editions import edition_key
from pipelines.experiments.trials.halves import experiment_key
from pipelines.reporting.provenance import describe_run

N_DAYS, DOCUMENTS_A_DAY, ALPHA, SEED = 365, 3, 0.001, 0
N_YEARS, N_NULL, N_POOL = 100, 1_000, 1_500
SCENARIOS = {
    "the whole year": (0, 365, 1.0),
    "April to June": (90, 181, 1.0),
    "July": (181, 212, 1.0),
    "one week in July": (181, 188, 1.0),
    "one day in five, April to June": (90, 181, 0.2),
    "one day in ten, the whole year": (0, 365, 0.1),
}
"""First day, day after the last one, and share of the days between that were trained on."""
NOTHING = (0, 0, 0.0)


@dataclass(frozen=True)
class Day:
    """What a day's documents give to bet on."""

    draws: DrawTable
    trained: NDArray[np.int64]
    """The coins that the model was trained with."""


def main() -> None:
    """Simulate, then write `results.json` and `README.md`."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("editions", type=Path, help="folder of the experiment `editions`")
    parser.add_argument("out", type=Path, help="folder for the results")
    arguments = parser.parse_args()
    results = run(arguments.editions)
    arguments.out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(results, indent=2) + "\n"
    (arguments.out / "results.json").write_text(text, encoding="utf-8")
    (arguments.out / "README.md").write_text(describe(results), encoding="utf-8")


def run(folder: Path) -> dict[str, Any]:
    """Return the days of detection in each scenario, and how often a null stream crosses."""
    runs = {
        int(path.stem.removeprefix("one-")): json.loads(path.read_text(encoding="utf-8"))["table"]
        for path in sorted((folder / "runs").glob("one-*.json"))
    }
    rng = np.random.default_rng(SEED)
    pool = list(days(runs, N_POOL, rng))
    found = {
        name: [detection_day(pool, span, rng) for _ in range(N_YEARS)]
        for name, span in SCENARIOS.items()
    }
    crossed = [largest_e(pool, rng) for _ in range(N_NULL)]
    return {
        "days": found,
        "null_largest_log_e": crossed,
        "n_runs": len(runs),
        "mean_draws_a_day": float(np.mean([len(day.trained) for day in pool])),
        "run": describe_run({}, {"simulation": SEED}).as_dict(),
    }


def days(runs: dict[int, dict[str, Any]], n: int, rng: np.random.Generator) -> Iterator[Day]:
    """Yield n days, each with documents of one of the runs."""
    for _ in range(n):
        seed = int(rng.choice(list(runs)))
        table = runs[seed]
        documents = np.array(table["document"])
        chosen = rng.choice(np.unique(documents), DOCUMENTS_A_DAY, replace=False)
        rows = np.flatnonzero(np.isin(documents, chosen))
        names, draw = np.unique(np.array(table["draw"])[rows], return_inverse=True)
        n_sites = np.bincount(draw)
        second = np.bincount(draw, np.array(table["second"])[rows]) / np.sqrt(n_sites)
        key = edition_key(experiment_key(seed, 500), 0)
        yield Day(
            DrawTable(
                tuple(map(str, names)),
                np.full(len(names), 2),
                np.stack([-second, second], axis=1),
                n_sites,
            ),
            np.array([key.draw(str(name), 2) for name in names], dtype=np.int64),
        )


def detection_day(
    pool: Sequence[Day], span: tuple[int, int, float], rng: np.random.Generator
) -> int:
    """Return the day, from 1 on, after which the e-value of a year reached 1 / alpha, or 0."""
    path = np.array(bet_stream(_year(pool, span, rng)).path)
    reached = np.flatnonzero(path >= -np.log(ALPHA))
    return int(reached[0]) + 1 if reached.size else 0


def largest_e(pool: Sequence[Day], rng: np.random.Generator) -> float:
    """Return the logarithm of the largest e-value in a year of which nothing was trained on."""
    return float(max(bet_stream(_year(pool, NOTHING, rng)).path))


def _year(
    pool: Sequence[Day], span: tuple[int, int, float], rng: np.random.Generator
) -> Iterator[tuple[DrawTable, NDArray[np.int64]]]:
    for number, place in enumerate(rng.integers(0, len(pool), N_DAYS)):
        day = pool[place]
        trained = span[0] <= number < span[1] and rng.random() < span[2]
        yield day.draws, day.trained if trained else rng.integers(0, 2, len(day.trained))


def describe(results: dict[str, Any]) -> str:
    """Return the page."""
    rows = []
    for name, found in results["days"].items():
        detected = sorted(day for day in found if day)
        start = SCENARIOS[name][0]
        share = _share(len(detected), len(found))
        rows.append(f"| {name} | {share} | {_median([d or N_DAYS + 1 for d in found], start)} |")
    null = np.array(results["null_largest_log_e"])
    levels = [
        f"| {alpha:g} | {_share(int((null >= -np.log(alpha)).sum()), len(null))} |"
        for alpha in (0.05, 0.01, 0.001)
    ]
    lines = "\n".join
    return f"""# Streams: evidence over time

A **simulation from measured effects**. A year of daily news has {N_DAYS} instalments of
{DOCUMENTS_A_DAY} passages of about 130 tokens, with {results["mean_draws_a_day"]:.1f} draws a day
on average. Preferences and coins are those of {results["n_runs"]} tiny models that were really
trained ([editions](../editions/README.md), the runs *one*); on days that the suspect did not train
on, the coins are fresh. The e-value is looked at after each day; level {ALPHA:g}. Intervals: 95 %.

```
python -m pipelines.experiments.standalone.streams EDITIONS OUT
```

| the suspect trained on | years detected | median instalments from the beginning of that time |
|---|---|---|
{lines(rows)}

A year that is not detected counts as later than all others. {N_YEARS} simulated years each.

## Streams that nobody trained on

| alpha | years of {N_DAYS} looks in which the e-value ever reached 1 / alpha |
|---|---|
{lines(levels)}

What this does not show: a model trained on a whole year may remember less of each day than these
models, which were trained on 80 passages for three epochs.

Processor: {results["run"]["machine"]["processor"]}; seed {SEED}.
"""


def _share(k: int, n: int) -> str:
    interval = binomtest(k, n).proportion_ci()
    return f"{k} of {n:,} ({interval.low:.1%} to {interval.high:.1%})"


def _median(found: Sequence[int], start: int) -> str:
    """Return the median with an interval that needs no distribution, in instalments."""
    ordered = sorted(found)
    n = len(ordered)
    low, high = int(binom.ppf(0.025, n, 0.5)) - 1, int(binom.ppf(0.975, n, 0.5))
    middle = ordered[n // 2]
    if middle > N_DAYS:
        return "not detected"
    late = "not detected" if ordered[high] > N_DAYS else str(ordered[high] - start)
    return f"{middle - start} ({ordered[max(0, low)] - start} to {late})"


if __name__ == "__main__":
    main()
