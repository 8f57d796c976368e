"""The job behind `evaluate`: how well does each detector separate, and does it need the model?"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from membership.evidence.blind import BlindBaseline, blind_baseline
from membership.roc import FPRS, Separation, separation
from pipelines.loading.labelled import labels_of
from pipelines.reporting.plots import plot_roc
from pipelines.reporting.score_file import ScoreFile, read_scores
from watermark.atomic import atomic_folder, refuse_existing
from watermark.errors import PrerequisiteError

BLIND = "blind baseline"


@dataclass(frozen=True)
class Evaluation:
    """Every detector of a score file, best first, and the baseline that saw no model."""

    detectors: dict[str, Separation]
    skipped: dict[str, str]
    """Detectors without scores in both groups, and why."""
    blind: BlindBaseline
    blind_separation: Separation
    seed: int

    @property
    def warning(self) -> str:
        """What to beware of; empty if texts alone do not tell the groups apart."""
        best = max((s.auroc for s in self.detectors.values()), default=0.0)
        area = f"AUROC {self.blind.auroc:.3f}, p = {self.blind.pvalue:.2g}"
        if self.blind.pvalue > 0.05:
            return ""
        if self.blind.auroc >= best:
            return (
                f"words and lengths alone separate the groups better than any detector ({area}): "
                "these scores are no sign of training"
            )
        return (
            f"words and lengths alone tell the groups apart ({area}): a detector may be seeing "
            "that difference and not training"
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the evaluation for machines."""
        return {
            "warning": self.warning,
            "blind_baseline": {
                **_summary(self.blind_separation),
                "pvalue": self.blind.pvalue,
                "n_resamples": self.blind.n_resamples,
            },
            "detectors": {name: _summary(found) for name, found in self.detectors.items()},
            "skipped": self.skipped,
            "seed": self.seed,
        }


def evaluate_command(
    path: Path, labels: str, out: Path, *, n_resamples: int = 2000, seed: int = 0
) -> Evaluation:
    """Evaluate a score file and write table and plot into a new folder.

    Raises:
        ToolkitError: The folder exists, or the file is no score file with such labels.
    """
    refuse_existing(out)
    table = read_scores(path)
    members = labels_of(table.columns, labels)
    evaluation = evaluate_scores(table, members, n_resamples=n_resamples, seed=seed)
    with atomic_folder(out) as draft:
        text = json.dumps(evaluation.as_dict(), indent=2, ensure_ascii=False)
        (draft / "evaluation.json").write_text(text + "\n", encoding="utf-8")
        lines = ["# How well the detectors separate", "", *table_lines(evaluation), ""]
        lines += ["![ROC curves](roc.png)", ""]
        (draft / "evaluation.md").write_text("\n".join(lines), encoding="utf-8")
        best = dict(list(evaluation.detectors.items())[:4])
        plot_roc({**best, BLIND: evaluation.blind_separation}, draft, "roc")
    return evaluation


def evaluate_scores(
    table: ScoreFile, members: NDArray[np.bool_], *, n_resamples: int = 2000, seed: int = 0
) -> Evaluation:
    """Compare scores with labels.

    Args:
        table: Texts and scores of n documents.
        members: Which of them are members, shape (n,).
        n_resamples: Bootstrap samples behind each interval.
        seed: Seed of all that is random.
    """
    found: dict[str, Separation] = {}
    skipped: dict[str, str] = {}
    for number, (name, scores) in enumerate(table.scores.items()):
        rng = np.random.default_rng([seed, number + 1])
        try:
            found[name] = separation(scores, members, rng=rng, n_resamples=n_resamples)
        except PrerequisiteError as error:
            skipped[name] = str(error)
    rng = np.random.default_rng([seed, 0])
    blind = blind_baseline(table.texts, members, rng=rng)
    shown = separation(blind.scores, members, rng=rng, n_resamples=n_resamples)
    best_first = dict(sorted(found.items(), key=lambda item: -item[1].auroc))
    return Evaluation(best_first, skipped, blind, shown, seed)


def table_lines(evaluation: Evaluation) -> list[str]:
    """Return the evaluation as a table, the warning before it."""
    lines = [f"**Beware: {evaluation.warning}.**", ""] if evaluation.warning else []
    heads = [f"TPR at {level:.1%} FPR" for level in FPRS]
    lines += ["| detector | AUROC | 95 % interval | " + " | ".join(heads) + " | scored |"]
    lines += ["|---|---|---|" + "---|" * (len(heads) + 1)]
    rows = {BLIND: evaluation.blind_separation, **evaluation.detectors}
    for name, found in rows.items():
        rates = " | ".join(f"{found.tpr[level]:.3f}" for level in FPRS)
        scored = found.n_members + found.n_nonmembers
        lines.append(
            f"| {name} | {found.auroc:.3f} | {found.low:.3f} to {found.high:.3f} | {rates} | "
            f"{scored} |"
        )
    first = evaluation.blind_separation
    if first.n_nonmembers < 1 / min(FPRS):
        lines += ["", f"With {first.n_nonmembers} nonmembers, false-positive rates below "]
        lines[-1] += f"{1 / first.n_nonmembers:.2g} mean that no nonmember is above the threshold."
    lines += [f"Not evaluated: {name} ({why})." for name, why in evaluation.skipped.items()]
    return lines


def _summary(found: Separation) -> dict[str, Any]:
    return {
        "auroc": found.auroc,
        "interval": [found.low, found.high],
        "tpr": {f"{level:g}": rate for level, rate in found.tpr.items()},
        "n_members": found.n_members,
        "n_nonmembers": found.n_nonmembers,
        "n_unscored": found.n_unscored,
    }
