"""The page of the experiments on attacks: their cost, and what is left of the evidence."""

from collections.abc import Sequence
from math import inf
from pathlib import Path
from statistics import median

from pipelines.experiments.runner.records import Row
from pipelines.experiments.runner.summary import Mean, markdown_table, mean_of, select_rows
from pipelines.experiments.trials.attacked import documents_needed
from pipelines.experiments.trials.attacks_plot import plot_documents_needed, plot_heat_map

NOT_REACHED = "not reached"
TESTS = {
    "base": "re-draw, base",
    "public": "re-draw, public model",
    "none": "re-draw, no reference",
    "holdout_base": "hold-out, base",
    "holdout_none": "hold-out, no reference",
}
"""The tests, by their names in the table of results."""
COSTS = {
    "marks standing": ("standing", 2),
    "similarity": ("similarity", 2),
    "perplexity": ("perplexity", 0),
    "documents lost": ("lost", 2),
    "log p, published": ("published_logprob", 2),
    "log p, fresh": ("fresh_logprob", 2),
}
"""Columns of the table of costs: the measure and its digits."""
INTRODUCTION = (
    "Means over seeds with Student's 95 % intervals; strongest attacks first. *Documents needed*: "
    "published documents for p < .001 at power .8, from the mean z by n (3.93 / z)^2; the range in "
    "brackets is from the interval of z."
)
COSTS_INTRODUCTION = (
    "*Similarity*: MiniLM's cosine of a document before and after. *Perplexity*: of the first 50 "
    "attacked texts under SmolLM2-135M. *Log p*: mean over the tokens of 50 published texts, and "
    "of 50 that no training saw, under the attacked model."
)


def describe(rows: list[Row], folder: Path) -> str:
    """Return the page: documents needed after each attack, its cost, and the null."""
    arms = list(dict.fromkeys((row["attack"], row["strength"]) for row in rows))
    found = {arm: select_rows(rows, attack=arm[0], strength=arm[1]) for arm in arms}
    order = sorted(arms, key=lambda arm: -needed(found[arm])[0])
    tests = [test for test in TESTS if select_rows(rows, measure="zscore", of=test)]
    named = ["attack", "strength"]
    lines = [
        INTRODUCTION,
        "",
        "### Documents needed",
        "",
        *markdown_table(
            [*named, "seeds", *(TESTS[test] for test in tests)],
            (
                [*arm, _seeds(found[arm]), *(describe_needed(found[arm], test) for test in tests)]
                for arm in order
            ),
        ),
        "![Documents needed after each attack](documents_needed.svg)",
        "",
        "![Documents needed by attack and strength](heat_map.svg)",
        "",
        "### What is left of the evidence",
        "",
        *markdown_table(
            [*named, *(f"z: {TESTS[test]}" for test in tests), "effect, base", "median p, base",
             "null: KS p"],
            ([*arm, *_evidence(found[arm], tests)] for arm in order),
        ),
        "### What the attack costs",
        "",
        COSTS_INTRODUCTION,
        "",
        *markdown_table(
            [*named, *COSTS],
            ([*arm, *(_mean(found[arm], *cost) for cost in COSTS.values())] for arm in order),
        ),
    ]  # fmt: skip
    counts = {arm: needed(found[arm])[0] for arm in order}
    labels = [f"{attack}: {strength}" for attack, strength in order]
    plot_documents_needed(labels, list(counts.values()), folder / "documents_needed.svg")
    plot_heat_map(counts, folder / "heat_map.svg")
    return "\n".join(lines)


def needed(rows: Sequence[Row], test: str = "base") -> tuple[float, float, float]:
    """Return the documents needed, and the fewest and most by the interval of z."""
    some = select_rows(rows, measure="zscore", of=test)
    z = mean_of(row["value"] for row in some)
    if not some:
        return inf, inf, inf
    n = some[0]["n"]
    width = 0.0 if z.n == 1 else z.half_width
    return (
        documents_needed(z.value, n),
        documents_needed(z.value + width, n),
        documents_needed(z.value - width, n),
    )


def describe_needed(rows: Sequence[Row], test: str) -> str:
    """Return the documents that a test needs, with their range; a dash if it was not run."""
    if not select_rows(rows, measure="zscore", of=test):
        return "-"
    middle, fewest, most = map(_count, needed(rows, test))
    if most == fewest == middle:
        return middle
    return f"{middle} ({fewest} to {most})"


def _evidence(rows: Sequence[Row], tests: Sequence[str]) -> list[str]:
    pvalues = [row["value"] for row in select_rows(rows, measure="pvalue", of="base")]
    null = [row["value"] for row in select_rows(rows, measure="null_ks")]
    return [
        *(_of_test(rows, "zscore", test).words(1) for test in tests),
        _of_test(rows, "effect", "base").words(2),
        f"{median(pvalues):.2g}" if pvalues else "-",
        _spread(null),
    ]


def _spread(values: Sequence[float]) -> str:
    """Return a value, or the range of several."""
    if len(values) < 2:
        return ", ".join(f"{value:.2f}" for value in values) or "-"
    return f"{min(values):.2f} to {max(values):.2f}"


def _seeds(rows: Sequence[Row]) -> str:
    return str(len({row["seed"] for row in rows}))


def _of_test(rows: Sequence[Row], measure: str, test: str) -> Mean:
    return mean_of(row["value"] for row in select_rows(rows, measure=measure, of=test))


def _mean(rows: Sequence[Row], measure: str, digits: int) -> str:
    return mean_of(row["value"] for row in select_rows(rows, measure=measure)).words(digits)


def _count(n: float) -> str:
    return NOT_REACHED if n > 1e5 else f"{n:,.0f}"
