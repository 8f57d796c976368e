"""Does marking lift a detector? The page of an experiment with arms, corpora and seeds."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from pipelines.experiments.measures import ALPHA, power_name
from pipelines.experiments.power_plot import plot_power
from pipelines.experiments.records import Row
from pipelines.experiments.summary import (
    Mean,
    differences,
    markdown_table,
    mean_of,
    names,
    select_rows,
)

UNMARKED = "none"
TESTS = ("redraw", "redraw, no reference", "remark", "holdout", "holdout, no reference", "welch")


def describe_lift(rows: list[Row], folder: Path, *, arms: Sequence[str]) -> str:
    """Return the page: AUROC, lift over no mark, tests, power.

    Args:
        rows: The table; columns `corpus`, `arm`, `seed`, `measure`, `of`, `value`, `n`.
        folder: Where the plot goes.
        arms: Arms in the order in which they are shown.
    """
    there = [arm for arm in arms if select_rows(rows, arm=arm)]
    corpora = names(rows, "corpus")
    lines = [
        "Means over seeds with Student's 95 % intervals; every seed has its own passages, key, "
        "halves and order of training. Higher scores speak for training and nothing is flipped.",
        "",
        *_auroc(rows, there, corpora),
        *_lift(rows, there, corpora),
        *_tests(rows, there, corpora),
        *_power(rows, there),
    ]
    if plot_power(rows, folder / "power.svg"):
        lines += ["![Power of each test against the number of documents](power.svg)"]
    return "\n".join(lines) + "\n"


def _auroc(rows: list[Row], arms: Sequence[str], corpora: Sequence[str]) -> Iterator[str]:
    for corpus in corpora:
        for measure, title in (("auroc", "AUROC"), ("tpr_at_5_fpr", "TPR at 5 % FPR")):
            some = select_rows(rows, corpus=corpus, measure=measure)
            yield f"## {title}, {corpus}"
            yield ""
            yield from markdown_table(
                ["detector", *arms],
                (
                    [detector, *(_mean(some, arm=arm, of=detector).words() for arm in arms)]
                    for detector in names(some, "of")
                ),
            )


def _mean(rows: list[Row], **wanted: str | int) -> Mean:
    return mean_of(row["value"] for row in select_rows(rows, **wanted))


def _lift(rows: list[Row], arms: Sequence[str], corpora: Sequence[str]) -> Iterator[str]:
    aurocs = select_rows(rows, measure="auroc")
    marked = [arm for arm in arms if arm != UNMARKED]
    yield "## Lift of the AUROC over no mark"
    yield ""
    yield (
        f"Paired differences of runs on the same halves, over {' and '.join(corpora)} together. "
        "An interval that holds 0 means that no lift was seen."
    )
    yield ""
    yield from markdown_table(
        ["detector", *marked],
        (
            [detector, *(lift_of(aurocs, arm, detector).words(sign=True) for arm in marked)]
            for detector in names(aurocs, "of")
        ),
    )


def lift_of(aurocs: list[Row], arm: str, detector: str) -> Mean:
    """Return the mean lift of a detector by an arm, over corpora and seeds."""
    return mean_of(
        differences(
            select_rows(aurocs, arm=arm, of=detector),
            select_rows(aurocs, arm=UNMARKED, of=detector),
            ("corpus", "seed"),
        )
    )


def _tests(rows: list[Row], arms: Sequence[str], corpora: Sequence[str]) -> Iterator[str]:
    yield "## Tests of evidence on all members: p of each seed"
    yield ""
    yield from markdown_table(
        ["corpus", "arm", *TESTS, "z of the re-draw test"],
        (_tests_row(rows, corpus, arm) for corpus in corpora for arm in arms),
    )
    yield (
        "Re-draw and hold-out test compare with 99,999 re-draws, so 1e-05 is the least that can be "
        "seen. Welch's test is that of the released code: two-sided, on Min-K%++. Two codebooks "
        "break what the hold-out test assumes: its p is not valid there, and is shown to show it."
    )
    yield ""


def _tests_row(rows: list[Row], corpus: str, arm: str) -> list[str]:
    pvalues = [_pvalues(rows, corpus, arm, test) for test in TESTS]
    zscores = _mean(rows, corpus=corpus, arm=arm, measure="zscore", of="redraw")
    return [corpus, arm, *pvalues, zscores.words(1) if zscores.n else "-"]


def _pvalues(rows: list[Row], corpus: str, arm: str, test: str) -> str:
    found = select_rows(rows, corpus=corpus, arm=arm, measure="pvalue", of=test)
    return ", ".join(f"{row['value']:.2g}" for row in found) or "-"


def _power(rows: list[Row], arms: Sequence[str]) -> Iterator[str]:
    powers = select_rows(rows, measure=power_name(ALPHA))
    sizes = names(powers, "at")
    if not sizes:
        return
    yield f"## Power: share of random subsets of n members with p < {ALPHA:g}"
    yield ""
    yield from markdown_table(
        ["arm", "test", *(f"n = {n}" for n in sizes)],
        (
            [arm, test, *(_mean(powers, arm=arm, of=test, at=n).words(2) for n in sizes)]
            for arm in arms
            for test in TESTS
            if select_rows(powers, arm=arm, of=test)
        ),
    )
    yield "The two-sample tests also get n outsiders."
    yield ""
