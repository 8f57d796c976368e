"""Does marking lift a detector? The page of an experiment with arms, corpora and seeds."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from pipelines.experiments.runner.records import Row
from pipelines.experiments.runner.summary import (
    Mean,
    differences,
    markdown_table,
    mean_of,
    names,
    select_rows,
)
from pipelines.experiments.trials.measures import ALPHA, power_name
from pipelines.experiments.trials.power_plot import plot_power

UNMARKED = "none"
POWER = 0.8
TESTS = ("redraw", "redraw, no reference", "remark", "holdout", "holdout, no reference", "welch")


def describe_lift(
    rows: list[Row],
    folder: Path,
    *,
    arms: Sequence[str],
    contrasts: Sequence[tuple[str, str]] = (),
    picture: str = "power.svg",
) -> str:
    """Return the page: AUROC, lift over no mark, contrasts, tests, power.

    Args:
        rows: The table; columns `corpus`, `arm`, `seed`, `measure`, `of`, `value`, `n`.
        folder: Where the plot goes.
        arms: Arms in the order in which they are shown.
        contrasts: Pairs of arms; the second one's AUROC is taken from the first one's.
        picture: What the plot's file is called.
    """
    there = [arm for arm in arms if select_rows(rows, arm=arm)]
    corpora = names(rows, "corpus")
    lines = [
        "Means over seeds with Student's 95 % intervals; every seed has its own passages, key, "
        "halves and order of training. A higher score means more likely trained on; no detector is "
        "flipped.",
        "",
        *_auroc(rows, there, corpora),
        *_lift(rows, there, corpora),
        *_contrasts(rows, [pair for pair in contrasts if {*pair} <= {*there}]),
        *_references(rows, there),
        *_tests(rows, there, corpora),
        *_power(rows, there),
    ]
    if plot_power(rows, folder / picture):
        lines += [f"![Power of each test against the number of documents]({picture})"]
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
    marked = [arm for arm in arms if arm != UNMARKED]
    yield "## Lift of the AUROC over no mark"
    yield ""
    yield (
        "Paired differences of runs on the same halves. An interval that contains 0 means that no "
        "lift was seen."
    )
    yield ""
    together = [*corpora] if len(corpora) > 1 else []
    for some in ([corpus] for corpus in corpora):
        yield from _lift_table(rows, marked, some)
    if together:
        yield from _lift_table(rows, marked, together)


def _lift_table(rows: list[Row], arms: Sequence[str], corpora: Sequence[str]) -> list[str]:
    aurocs = [r for r in select_rows(rows, measure="auroc") if r["corpus"] in corpora]
    detectors = names(select_rows(aurocs, arm=UNMARKED), "of")
    return markdown_table(
        [", ".join(corpora), *arms],
        (
            [detector, *(contrast(aurocs, arm, UNMARKED, detector) for arm in arms)]
            for detector in detectors
        ),
    )


def contrast(aurocs: list[Row], arm: str, other: str, detector: str) -> str:
    """Return the mean difference of a detector between two arms, over corpora and seeds."""
    found = differences(
        select_rows(aurocs, arm=arm, of=detector),
        select_rows(aurocs, arm=other, of=detector),
        ("corpus", "seed"),
    )
    return mean_of(found).words(sign=True)


def _contrasts(rows: list[Row], pairs: Sequence[tuple[str, str]]) -> Iterator[str]:
    if not pairs:
        return
    aurocs = select_rows(rows, measure="auroc")
    yield "## One way to mark against another"
    yield ""
    yield "Paired differences of the AUROC, over all corpora and seeds."
    yield ""
    yield from markdown_table(
        ["detector", *(f"{one} - {other}" for one, other in pairs)],
        (
            [detector, *(contrast(aurocs, one, other, detector) for one, other in pairs)]
            for detector in names(aurocs, "of")
        ),
    )


def _references(rows: list[Row], arms: Sequence[str]) -> Iterator[str]:
    aurocs = select_rows(rows, measure="auroc")
    known = names(aurocs, "of")
    pairs = [(name, f"{name}_minus_reference") for name in known]
    pairs = [pair for pair in pairs if pair[1] in known]
    if not pairs:
        return
    yield "## What the reference adds"
    yield ""
    yield "AUROC with the base as reference minus AUROC without, over all corpora and seeds."
    yield ""
    yield from markdown_table(
        ["detector", *arms],
        (
            [name, *(_reference_adds(select_rows(aurocs, arm=arm), name, other) for arm in arms)]
            for name, other in pairs
        ),
    )


def _reference_adds(aurocs: list[Row], name: str, other: str) -> str:
    found = differences(
        select_rows(aurocs, of=other), select_rows(aurocs, of=name), ("corpus", "seed")
    )
    return mean_of(found).words(sign=True)


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
        ["arm", "test", f"{POWER:.0%} from", *(f"n = {n}" for n in sizes)],
        (
            [
                arm,
                test,
                needed(rows, arm, test, ALPHA),
                *(_mean(powers, arm=arm, of=test, at=n).words(2) for n in sizes),
            ]
            for arm in arms
            for test in TESTS
            if select_rows(rows, arm=arm, of=test, measure="pvalue")
            and select_rows(powers, arm=arm, of=test)
        ),
    )
    yield "The two-sample tests also get n outsiders."
    yield ""


def needed(rows: list[Row], arm: str, test: str, alpha: float) -> str:
    """Return the smallest number of documents whose mean power reaches `POWER`."""
    powers = select_rows(rows, arm=arm, of=test, measure=power_name(alpha))
    sizes = sorted({int(row["at"]) for row in powers})
    for size in sizes:
        if _mean(powers, at=size).value >= POWER:
            return str(size)
    return f"> {max(sizes)}" if sizes else "-"
