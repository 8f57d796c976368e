"""The page of the experiment on attacks: one table, worst attacks first."""

from collections.abc import Sequence
from math import inf
from pathlib import Path

from pipelines.experiments.runner.records import Row
from pipelines.experiments.runner.summary import Mean, markdown_table, mean_of, select_rows
from pipelines.experiments.trials.attacked import documents_needed
from pipelines.experiments.trials.attacks_plot import plot_documents_needed

NOT_REACHED = "not reached"


def describe(rows: list[Row], folder: Path) -> str:
    """Return the page: attacks by the number of documents needed after them, and the null."""
    arms = list(dict.fromkeys((row["attack"], row["strength"]) for row in rows))
    found = {arm: select_rows(rows, attack=arm[0], strength=arm[1]) for arm in arms}
    order = sorted(arms, key=lambda arm: -needed(found[arm])[0])
    header = [
        "attack", "strength", "seeds", "marks standing", "similarity", "documents lost",
        "log p, published", "log p, fresh", "z, base", "z, no reference",
        "documents needed, base", "without reference", "null: KS p",
    ]  # fmt: skip
    lines = [
        "Means over seeds with Student's 95 % intervals. Documents needed: for p < .001 at power "
        ".8, from the mean z by n (3.93 / z)^2; the range in brackets is from the interval of z. "
        "Log p: mean over tokens of the published texts, and of texts that no training saw, which "
        "is what a model attack costs. Strongest attacks first.",
        "",
        *markdown_table(header, (_line(arm, found[arm]) for arm in order)),
    ]
    labels = [f"{attack}: {strength}" for attack, strength in order]
    picture = "documents_needed.svg"
    plot_documents_needed(labels, [needed(found[arm])[0] for arm in order], folder / picture)
    return "\n".join([*lines, f"![Documents needed after each attack]({picture})", ""])


def needed(rows: Sequence[Row], reference: str = "base") -> tuple[float, float, float]:
    """Return the documents needed, and the fewest and most by the interval of z."""
    some = select_rows(rows, measure="zscore", of=reference)
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


def _line(arm: tuple[str, str], rows: Sequence[Row]) -> list[str]:
    seeds = len({row["seed"] for row in rows})
    null = [row["value"] for row in select_rows(rows, measure="null_ks")]
    return [
        *arm,
        str(seeds),
        _mean(rows, "standing").words(2),
        _mean(rows, "similarity").words(2),
        _mean(rows, "lost").words(2),
        _mean(rows, "published_logprob").words(2),
        _mean(rows, "fresh_logprob").words(2),
        _mean(rows, "zscore", of="base").words(1),
        _mean(rows, "zscore", of="none").words(1),
        _words(needed(rows)),
        _words(needed(rows, "none")),
        ", ".join(f"{p:.2f}" for p in null) or "-",
    ]


def _mean(rows: Sequence[Row], measure: str, **wanted: str) -> Mean:
    return mean_of(row["value"] for row in select_rows(rows, measure=measure, **wanted))


def _words(found: tuple[float, float, float]) -> str:
    middle, fewest, most = map(_count, found)
    if most == fewest == middle:
        return middle
    return f"{middle} ({fewest} to {most})"


def _count(n: float) -> str:
    return NOT_REACHED if n > 1e5 else f"{n:,.0f}"
