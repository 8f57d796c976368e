"""Write an audit down: report.json for machines, report.md for people, two pictures."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kstest

from membership.audit.audit import Audit
from membership.detector import Score, values_of
from membership.evidence.permutation import auroc
from membership.evidence.result import Grade, TestResult, rounded_up
from pipelines.reporting.plots import plot_null, plot_path, plot_scores
from pipelines.reporting.provenance import Run
from watermark.atomic import atomic_folder
from watermark.vault.beforehand import Beforehand
from watermark.vault.plan import Plan

PRIVATE, SHAREABLE = "report.html", "report-shareable.html"
"""The two copies of the page that people read."""

GRADES: Mapping[Grade, str] = {
    "A": "exact, by the owner's own random draws",
    "B": "valid under an assumption that cannot be checked",
    "C": "descriptive",
}
"""What the grades of evidence mean, in a few words."""


@dataclass(frozen=True)
class Report:
    """Everything that is written down about an audit."""

    audit: Audit
    plan: Plan
    run: Run
    beforehand: Beforehand
    """What shows that the commitment is older than the model; said before anything else."""
    null_pvalues: NDArray[np.float64] | None = None
    """p-values under other keys, if the null was simulated."""
    references: str = ""
    """Which references were used and why, in a line."""

    @property
    def is_evidence(self) -> bool:
        """Whether the verdict is "trained on it"."""
        return self.audit.verdict.is_evidence

    def lines(self) -> Iterator[str]:
        """Yield the verdict in plain words, for a terminal."""
        yield from summary_lines(self)

    def as_dict(self) -> dict[str, Any]:
        """Return the report for machines."""
        verdict = self.audit.verdict
        return {
            "beforehand": self.beforehand.as_dict(),
            "verdict": verdict.words,
            "pvalue": verdict.primary.pvalue,
            "alpha": verdict.alpha,
            "in_plan": not verdict.departures,
            "departures": list(verdict.departures),
            "primary": test_dict(verdict.primary),
            "others": [test_dict(result) for result in verdict.others],
            "skipped": verdict.skipped,
            "detectors": {n: _summary(s, self) for n, s in self.audit.observations.scores.items()},
            "detectors_not_run": dict(self.audit.observations.unable),
            "simulated_null": _null_dict(self.null_pvalues),
            "corpus": self.plan.corpus,
            "scheme": self.plan.scheme,
            "run": self.run.as_dict(),
        }


def write_report(
    report: Report, folder: Path, pages: Mapping[str, str], *, began: datetime, seconds: float
) -> None:
    """Write all files of a report, and its pages by their names, into a new folder.

    When it was made and how long that took stand in `timing.json`: all other files are the same
    whenever the same audit is run.
    """
    with atomic_folder(folder) as draft:
        timing = {"began": began.isoformat(timespec="seconds"), "seconds": round(seconds, 1)}
        (draft / "timing.json").write_text(json.dumps(timing) + "\n", encoding="utf-8")
        text = json.dumps(report.as_dict(), indent=2, ensure_ascii=False)
        (draft / "report.json").write_text(text + "\n", encoding="utf-8")
        (draft / "report.md").write_text(_markdown(report), encoding="utf-8")
        for name, page in pages.items():
            (draft / name).write_text(page, encoding="utf-8")
        primary = report.audit.verdict.primary
        if primary.path:
            plot_path(primary, report.audit.verdict.alpha, draft, "path")
        elif primary.null.size:
            plot_null(primary, draft, "null")
        detector = _shown_detector(report)
        if detector is not None:
            published, withheld = _groups(report.audit.observations.scores[detector], report)
            plot_scores(published, withheld, detector, draft, "scores")


def summary_lines(report: Report) -> Iterator[str]:
    """Yield the verdict in plain words, for a terminal; what it rests on comes first."""
    yield from report.beforehand.lines()
    yield from _verdict_lines(report)


def _verdict_lines(report: Report) -> Iterator[str]:
    verdict = report.audit.verdict
    yield f"Verdict: {verdict.words}"
    yield from _test_lines(verdict.primary, verdict.alpha)
    if report.references:
        yield report.references
    for result in verdict.others:
        yield f"Also run: {short_result(result)}"
    for reason in verdict.skipped.values():
        yield f"Not run: {reason}"
    for departure in verdict.departures:
        yield f"Not in the plan: {departure}"
    if report.null_pvalues is not None:
        null = _null_dict(report.null_pvalues)
        assert null is not None
        yield (
            f"Simulated null: {null['n_keys']} other keys, share with p <= 0.05: "
            f"{null['share_below_0.05']:.3f}; uniformity: KS p = {null['ks_pvalue']:.2g}"
        )


def _test_lines(result: TestResult, alpha: float) -> Iterator[str]:
    yield f"{short_result(result)}; level {alpha:g}; grade {result.grade}: {GRADES[result.grade]}"
    yield result.basis
    yield from (f"Caution: {caution}" for caution in result.cautions)
    yield from result.left_out
    yield f"Effect: {result.effect_words}"
    yield f"Valid if: {result.assumption}"


def short_result(result: TestResult) -> str:
    """Return a test with its p-value, in a line."""
    floor = 1 / (result.n_resamples + 1)
    words = f"{result.title}, p = {result.pvalue:.2g}"
    if result.null.size and result.pvalue <= floor * 1.5:
        words += f" (the least that {result.n_resamples:,} resamples can show"
        words += f"; the exact p is at most {rounded_up(result.bound)})" if result.bound else ")"
    return f"{words}, z = {result.zscore:.1f}" if result.null.size else words


def _markdown(report: Report) -> str:
    verdict = report.audit.verdict
    lines = [
        *(f"> **{line}.**" for line in report.beforehand.lines()),
        "",
        f"# {verdict.words[0].upper()}{verdict.words[1:]}",
        "",
        *(f"- {line}" for line in _verdict_lines(report)),
        "",
        (
            "Neither *no evidence* nor *cannot tell* means that the model was not trained on the "
            "text."
        ),
        "",
        (
            "![The e-value after each draw](path.png)"
            if verdict.primary.path
            else "![The statistic under fresh keys, and the one observed](null.png)"
        )
        * bool(verdict.primary.path or verdict.primary.null.size),
        "",
    ]
    unable = report.audit.observations.unable
    if report.audit.observations.scores or unable:
        lines += ["## Scores of whole documents (descriptive)", ""]
        lines += ["| detector | AUROC, published against held out | scored | not scored |"]
        lines += ["|---|---|---|---|"]
        for name, scores in report.audit.observations.scores.items():
            s = _summary(scores, report)
            area = "-" if s["auroc"] is None else f"{s['auroc']:.3f}"
            reasons = "; ".join(f"{n}: {r}" for r, n in s["unscored"].items()) or "0"
            lines += [f"| {name} | {area} | {s['n_scored']} | {reasons} |"]
        lines += [f"| {name} | not run: {r} | | |" for name, r in unable.items()]
        lines += [""]
        if _shown_detector(report) is not None:
            lines += ["![Scores of published and of held-out documents](scores.png)", ""]
    lines += ["## How to repeat it", "", "```", report.run.command, "```", ""]
    lines += [f"- {k}: {v}" for k, v in _flat(report.run.as_dict()) if k != "command"]
    return "\n".join(lines) + "\n"


def _flat(record: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in record.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key} ")
        elif value not in ("", None):
            yield f"{prefix}{key}", value


def test_dict(result: TestResult) -> dict[str, Any]:
    """Return a result for machines, without its null."""
    return {
        "test": result.test,
        "grade": result.grade,
        "basis": result.basis,
        "n_units": result.n_units,
        "statistic": result.statistic,
        "pvalue": result.pvalue,
        "chernoff_bound": result.bound,
        "zscore": result.zscore if np.isfinite(result.zscore) else None,
        "n_resamples": result.n_resamples,
        "seed": result.seed,
        "effect": result.effect,
        "detectable_effect": (
            result.detectable_effect if np.isfinite(result.detectable_effect) else None
        ),
        "strong_effect": result.strong_effect,
        "effect_unit": result.effect_unit,
        "assumption": result.assumption,
        "cautions": list(result.cautions),
        "details": result.details,
    }


def _groups(
    scores: Sequence[Score], report: Report
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    values = values_of(scores)
    published = report.audit.observations.corpus.published
    return values[published], values[~published]


def _summary(scores: Sequence[Score], report: Report) -> dict[str, Any]:
    published, withheld = (group[np.isfinite(group)] for group in _groups(scores, report))
    return {
        "auroc": auroc(published, withheld) if len(published) and len(withheld) else None,
        "n_scored": len(published) + len(withheld),
        "unscored": dict(Counter(score.reason for score in scores if score.reason)),
    }


def _shown_detector(report: Report) -> str | None:
    """Return the detector of the plan, if it scored documents of both groups."""
    for name in (report.plan.detector_with_reference, report.plan.detector):
        scores = report.audit.observations.scores.get(name)
        if scores is not None and _summary(scores, report)["auroc"] is not None:
            return name
    return None


def _null_dict(pvalues: NDArray[np.float64] | None) -> dict[str, Any] | None:
    if pvalues is None:
        return None
    return {
        "n_keys": len(pvalues),
        "ks_pvalue": float(kstest(pvalues, "uniform").pvalue),
        "share_below_0.05": float(np.mean(pvalues <= 0.05)),
        "share_below_0.01": float(np.mean(pvalues <= 0.01)),
    }
