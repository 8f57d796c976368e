"""The job behind `decide`: from scores of documents in question and of a control to a decision."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from membership.evidence.blind import BlindBaseline, blind_baseline
from membership.evidence.conformal import ASSUMPTION, Selection, select
from membership.evidence.control import control_test, refuse_different
from membership.evidence.dataset_inference import dataset_inference
from membership.evidence.result import TestResult
from pipelines.loading.labelled import labels_of
from pipelines.loading.option_values import ControlTest
from pipelines.reporting.report import test_dict
from pipelines.reporting.score_file import ScoreFile, read_scores
from watermark.atomic import atomic_folder, refuse_existing
from watermark.errors import PrerequisiteError

USUAL = ("min_k_plus_plus_minus_reference", "min_k_plus_plus", "loss")
"""Where no detector is named: the first of these that the file has."""


@dataclass(frozen=True)
class Decision:
    """What a test says of the documents in question."""

    test: ControlTest
    detectors: tuple[str, ...]
    alpha: float
    blind: BlindBaseline
    outcome: TestResult | Selection | str
    """The reason, if the test gave no answer."""

    @property
    def words(self) -> str:
        """The decision; never "not trained on it"."""
        if isinstance(self.outcome, str):
            return "no answer"
        if isinstance(self.outcome, Selection):
            return f"{int(self.outcome.selected.sum())} of {len(self.outcome.selected)} documents"
        return self.outcome.words(self.alpha)

    def as_dict(self) -> dict[str, Any]:
        """Return the decision for machines."""
        found: dict[str, Any] = {
            "decision": self.words,
            "test": self.test,
            "grade": "C" if isinstance(self.outcome, str) else "B",
            "detectors": list(self.detectors),
            "alpha": self.alpha,
            "blind_auroc": self.blind.auroc,
            "blind_pvalue": self.blind.pvalue,
        }
        if isinstance(self.outcome, str):
            return {**found, "reason": self.outcome}
        if isinstance(self.outcome, Selection):
            n_control = self.outcome.n_calibration
            return {**found, "n_control": n_control, "assumption": ASSUMPTION}
        return {**found, "result": test_dict(self.outcome)}


def decide_command(
    path: Path,
    labels: str,
    out: Path,
    test: ControlTest,
    *,
    detectors: Sequence[str] = (),
    alpha: float = 0.001,
    n_resamples: int = 99_999,
    seed: int = 0,
) -> Decision:
    """Run a test on a score file and write what it says into a new folder.

    Raises:
        ToolkitError: The folder exists, the file has no such labels or detectors, or a group is
            too small.
    """
    refuse_existing(out)
    table = read_scores(path)
    questioned = labels_of(table.columns, labels)
    names = _detectors(table, detectors, test)
    blind = blind_baseline(table.texts, questioned, rng=np.random.default_rng([seed, 0]))
    ours, theirs = ({n: table.scores[n][of] for n in names} for of in (questioned, ~questioned))
    settings: dict[str, Any] = {"alpha": alpha, "n_resamples": n_resamples, "seed": seed}
    tests: Mapping[ControlTest, Callable[[], TestResult | Selection]] = {
        "control": lambda: control_test(ours, theirs, blind, detectors=names, **settings),
        "dataset-inference": lambda: dataset_inference(
            ours, theirs, blind, detectors=names, **settings
        ),
        "conformal": lambda: select(ours[names[0]], theirs[names[0]], level=alpha),
    }
    outcome: TestResult | Selection | str
    try:
        refuse_different(blind)
    except PrerequisiteError as refusal:
        outcome = str(refusal)
    else:
        outcome = tests[test]()
    decision = Decision(test, names, alpha, blind, outcome)
    with atomic_folder(out) as draft:
        text = json.dumps(decision.as_dict(), indent=2, ensure_ascii=False)
        (draft / "decision.json").write_text(text + "\n", encoding="utf-8")
        if isinstance(outcome, Selection):
            lines = _document_lines(table, questioned, outcome)
            (draft / "documents.jsonl").write_text("".join(lines), encoding="utf-8")
    return decision


def _detectors(table: ScoreFile, names: Sequence[str], test: ControlTest) -> tuple[str, ...]:
    if unknown := [name for name in names if name not in table.scores]:
        raise PrerequisiteError(
            f"the scores have no detector {unknown[0]!r}; they have {', '.join(table.scores)}"
        )
    if test == "conformal" and len(names) > 1:
        raise PrerequisiteError(f"the conformal test takes one detector, got {', '.join(names)}")
    if names:
        return tuple(names)
    if test == "dataset-inference":
        whole = [name for name, scores in table.scores.items() if np.isfinite(scores).all()]
        if not whole:
            raise PrerequisiteError("dataset inference: no detector scored every document")
        return tuple(whole)
    usual = next((name for name in USUAL if name in table.scores), None)
    if usual is None:
        raise PrerequisiteError(f"the scores have none of {', '.join(USUAL)}; use --detectors")
    return (usual,)


def _document_lines(table: ScoreFile, questioned: NDArray[np.bool_], found: Selection) -> list[str]:
    rows = [columns for columns, wanted in zip(table.columns, questioned, strict=True) if wanted]
    return [
        json.dumps(
            {
                "id": row.get("id"),
                "pvalue": None if np.isnan(p) else float(p),
                "trained_on": bool(chosen),
            }
        )
        + "\n"
        for row, p, chosen in zip(rows, found.pvalues, found.selected, strict=True)
    ]


def decision_lines(decision: Decision) -> list[str]:
    """Return the decision in plain words."""
    blind = f"AUROC {decision.blind.auroc:.3f}, p = {decision.blind.pvalue:.2g}"
    outcome = decision.outcome
    names = ", ".join(decision.detectors)
    if isinstance(outcome, str):
        return [f"Decision: {decision.words} (grade C)", outcome]
    if isinstance(outcome, Selection):
        return [
            f"Decision: {decision.words} called trained on (grade B); on average at most "
            f"{outcome.level:g} of the list is wrong",
            f"{names}, against {outcome.n_calibration} control documents; no p is below "
            f"{1 / (outcome.n_calibration + 1):.2g}",
            f"Blind baseline: {blind}",
            f"Valid if: {ASSUMPTION}",
        ]
    return [
        f"Decision: {decision.words} (grade B)",
        f"{decision.test}, p = {outcome.pvalue:.2g}, level {decision.alpha:g}",
        outcome.basis,
        f"Effect: {outcome.effect_words}",
        f"Blind baseline: {blind}",
        f"Valid if: {outcome.assumption}",
    ]
