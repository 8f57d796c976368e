"""The page of the experiment on schemes under attack: documents needed, scheme by attack."""

from collections.abc import Sequence
from pathlib import Path

from pipelines.experiments.runner.records import Row
from pipelines.experiments.runner.summary import markdown_table, mean_of, names, select_rows
from pipelines.experiments.trials.attacks_page import INTRODUCTION, TESTS, describe_needed


def describe(rows: list[Row], folder: Path) -> str:
    """Return a table for each test, schemes by attacks, and what the schemes change."""
    schemes, attacks = names(rows, "scheme"), names(rows, "attack")
    lines = [INTRODUCTION, ""]
    for test in ("base", "none", "holdout_base"):
        lines += [f"### {TESTS[test][0].upper()}{TESTS[test][1:]}: documents needed", ""]
        lines += markdown_table(
            ["marks", *attacks],
            (
                [scheme, *(describe_needed(_of(rows, scheme, attack), test) for attack in attacks)]
                for scheme in schemes
            ),
        )
    lines += ["### The marks", ""]
    header = ["marks", "seeds", "z without an attack", "perplexity of the marked texts"]
    lines += markdown_table(header, (_marks(rows, scheme) for scheme in schemes))
    return "\n".join(lines)


def _of(rows: Sequence[Row], scheme: str, attack: str) -> list[Row]:
    return select_rows(rows, scheme=scheme, attack=attack)


def _marks(rows: Sequence[Row], scheme: str) -> list[str]:
    some = _of(rows, scheme, "none")
    z = mean_of(row["value"] for row in select_rows(some, measure="zscore", of="base"))
    perplexity = mean_of(row["value"] for row in select_rows(some, measure="perplexity"))
    return [scheme, str(z.n), z.words(1), perplexity.words(0)]
