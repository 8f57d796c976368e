"""Write down which editions a model was trained on: report.json and report.md."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from membership.evidence.editions import EditionsResult
from membership.evidence.redraw import ASSUMPTION
from pipelines.reporting.provenance import Run
from watermark.atomic import atomic_folder
from watermark.vault.beforehand import Beforehand


@dataclass(frozen=True)
class EditionsReport:
    """Everything that is written down about an audit of editions. It names licensees."""

    result: EditionsResult
    run: Run
    beforehand: Beforehand
    departures: tuple[str, ...] = ()
    """How the audit differs from the plan that was fixed before publication."""
    cautions: tuple[str, ...] = ()
    """What a reader must know before the verdict is believed."""
    references: str = ""
    """Which references were used and why, in a line."""

    @property
    def is_evidence(self) -> bool:
        """Whether the model depends on some edition."""
        return self.result.words != "no evidence"

    def lines(self) -> Iterator[str]:
        """Yield the verdict in plain words, for a terminal; what it rests on comes first."""
        yield from self.beforehand.lines()
        yield from _verdict_lines(self)

    def as_dict(self) -> dict[str, Any]:
        """Return the report for machines."""
        result = self.result
        return {
            "beforehand": self.beforehand.as_dict(),
            "verdict": result.words,
            "named": [each.licensee for each in result.named],
            "pvalue_some_edition": result.some_pvalue,
            "alpha": result.alpha,
            "in_plan": not self.departures,
            "departures": list(self.departures),
            "cautions": list(self.cautions),
            "editions": [asdict(each) for each in result.editions],
            "indistinguishable": [asdict(pair) for pair in result.alike],
            "n_sites": result.n_sites,
            "n_draws": result.n_draws,
            "n_resamples": result.n_resamples,
            "n_groups": result.n_groups,
            "assumption": ASSUMPTION,
            "references": self.references,
            "run": self.run.as_dict(),
        }


def _verdict_lines(report: EditionsReport) -> Iterator[str]:
    result = report.result
    names = ", ".join(each.licensee for each in result.named)
    yield f"Verdict: {result.words}{': ' if names else ''}{names}"
    yield f"Some edition: p = {result.some_pvalue:.2g}; level {result.alpha:g}"
    yield from (f"Caution: {caution}" for caution in report.cautions)
    for each in result.named:
        yield (
            f"{each.licensee}: p = {each.pvalue:.2g}, {each.adjusted:.2g} after correction for "
            f"{len(result.editions):,} licensees (Holm, closed); z = {each.zscore:.1f}"
        )
    for pair in result.alike:
        yield (
            f"{pair.licensee} and {pair.other} cannot be told apart: their editions differ at "
            f"{pair.n_different:,} of the {result.n_draws:,} usable draws"
        )
    yield f"Based on {result.n_sites:,} sites, decided by {result.n_draws:,} draws in each edition"
    yield f"Valid if: {ASSUMPTION}"
    if report.references:
        yield report.references
    yield from (f"Not in the plan: {departure}" for departure in report.departures)
    yield "A licensee who is not named is not cleared by that."


def write_editions_report(
    report: EditionsReport, folder: Path, *, began: datetime, seconds: float
) -> None:
    """Write the files of a report into a folder that is not there yet."""
    with atomic_folder(folder) as draft:
        timing = {"began": began.isoformat(timespec="seconds"), "seconds": round(seconds, 1)}
        (draft / "timing.json").write_text(json.dumps(timing) + "\n", encoding="utf-8")
        text = json.dumps(report.as_dict(), indent=2, ensure_ascii=False)
        (draft / "report.json").write_text(text + "\n", encoding="utf-8")
        (draft / "report.md").write_text(_markdown(report), encoding="utf-8")


def _markdown(report: EditionsReport) -> str:
    words = report.result.words
    lines = [
        *(f"> **{line}.**" for line in report.beforehand.lines()),
        "",
        f"# {words[0].upper()}{words[1:]}",
        "",
        *(f"- {line}" for line in _verdict_lines(report)),
        "",
        "| licensee | p | after correction | z |",
        "|---|---|---|---|",
        *(
            f"| {each.licensee.replace('|', '/')} | {each.pvalue:.2g} | {each.adjusted:.2g} | "
            f"{each.zscore:.1f} |"
            for each in report.result.editions
        ),
        "",
        "## How to repeat it",
        "",
        "```",
        report.run.command,
        "```",
    ]
    return "\n".join(lines) + "\n"
