"""Audit a suspect with a vault: read, score, test, conclude.

This is the whole audit as a function: a vault and a model go in, a verdict and what it rests on
come out. Files, plots and printing are the business of `pipelines/`.
"""

from collections.abc import Callable, Mapping, Sequence, Sized
from dataclasses import dataclass

import numpy as np

from membership.detector import Detector
from membership.evidence.holdout import holdout_test
from membership.evidence.redraw import redraw_test
from membership.evidence.remark import remark_test
from membership.evidence.result import TestResult
from membership.evidence.score_table import ScoreTable
from membership.examination import Examination, examine
from membership.material import gather
from membership.scoring import Progress
from membership.trace import Suspect
from membership.verdict import Verdict
from membership.versions import make_versions
from watermark.errors import PrerequisiteError
from watermark.vault import Plan, Vault

FALLBACK = ("redraw", "holdout")
"""The order in which the primary test falls back if the planned one cannot be run."""


@dataclass(frozen=True)
class Settings:
    """What an auditor may choose; everything else is in the plan."""

    alpha: float | None = None
    """Instead of the plan's; noted as a departure from it."""
    n_resamples: int = 99_999
    seed: int = 0


@dataclass(frozen=True)
class Audit:
    """A verdict with the numbers under it."""

    verdict: Verdict
    examination: Examination
    table: ScoreTable
    """What the re-draw test was made of."""


def audit(
    vault: Vault,
    suspect: Suspect,
    references: Mapping[str, Suspect],
    detectors: Mapping[str, Detector],
    settings: Settings = Settings(),
    progress: Progress = lambda model, done, total: None,
) -> Audit:
    """Audit a suspect with a vault.

    Args:
        vault: The owner's vault, already checked.
        suspect: The model under audit.
        references: Models that are known not to have seen the marked text, by name. Detectors
            that compare with a reference use the first one.
        detectors: Detectors for the hold-out test, by name; the plan's is among them.
        settings: What differs from the plan.
        progress: Told how far the models are.

    Raises:
        PrerequisiteError: No test of evidence can be run on this vault with this suspect.
        VaultError: Ledger and key do not belong together.
    """
    material, plan = gather(vault), vault.plan
    remarking = None
    if plan.test == "remark":
        alpha = plan.alpha if settings.alpha is None else settings.alpha
        versions = make_versions(
            material.originals, material.sites, material.choices, alpha=alpha, seed=settings.seed
        )
        remarking = (versions, _planned_detector(plan, references))
    found = examine(material, suspect, references, detectors, progress, remarking=remarking)
    table = found.readings.table()
    verdict = _conclude(vault, found, table, tuple(references), settings)
    return Audit(verdict, found, table)


def _planned_detector(plan: Plan, references: Sized) -> str:
    return plan.detector_with_reference if references else plan.detector


def _conclude(
    vault: Vault,
    found: Examination,
    table: ScoreTable,
    references: Sequence[str],
    settings: Settings,
) -> Verdict:
    plan, scores = vault.plan, found.scores
    alpha = plan.alpha if settings.alpha is None else settings.alpha
    resampling = {"n_resamples": settings.n_resamples, "seed": settings.seed}
    detector = _planned_detector(plan, references)

    def holdout() -> TestResult:
        if detector not in scores:
            why = found.unable.get(detector, f"there are no scores of {detector}")
            raise PrerequisiteError(f"hold-out test: {why}")
        values = np.array([score.value for score in scores[detector]])
        published = found.material.published
        inside, outside = values[published], values[~published]
        return holdout_test(
            {detector: inside}, {detector: outside}, detectors=[detector], alpha=alpha, **resampling
        )

    def remark() -> TestResult:
        if found.versions is None or detector not in found.version_scores:
            why = found.unable.get(detector, f"there are no scores of {detector}")
            raise PrerequisiteError(f"re-marking test: {why}")
        values = found.version_scores[detector]
        return remark_test(found.versions, values, detector=detector, alpha=alpha, **resampling)

    tests: dict[str, Callable[[], TestResult]] = {
        "redraw": lambda: redraw_test(table, vault.key, alpha=alpha, **resampling),
        "remark": remark,
        "holdout": holdout,
    }
    results: list[TestResult] = []
    skipped: dict[str, str] = {}
    for name in dict.fromkeys([plan.test, *FALLBACK]):
        try:
            results.append(tests[name]())
        except PrerequisiteError as error:
            skipped[name] = str(error)
    if not results:
        raise PrerequisiteError("no test can be run. " + "; ".join(skipped.values()))
    departures = _departures(vault, results[0].test, alpha, references)
    return Verdict(results[0], alpha, tuple(results[1:]), departures, skipped)


def _departures(
    vault: Vault, test: str, alpha: float, references: Sequence[str]
) -> tuple[str, ...]:
    plan = vault.plan
    found = []
    if test != plan.test:
        found.append(f"the plan's test is {plan.test}, {test} was run")
    if alpha != plan.alpha:
        found.append(f"the plan's alpha is {plan.alpha:g}, {alpha:g} was used")
    if plan.references and set(references) != set(plan.references):
        wanted, used = ", ".join(plan.references), ", ".join(references) or "none"
        found.append(f"the plan's references are {wanted}, {used} was used")
    return tuple(found)
