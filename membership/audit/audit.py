"""Audit a suspect with a vault: read, score, test, conclude.

This is the whole audit as one function of a vault and a model; it returns a verdict and the numbers
behind it. Files, plots and printing are handled in `pipelines/`.
"""

from collections.abc import Callable, Container, Mapping, Sequence, Sized
from dataclasses import dataclass

import numpy as np

from membership.audit.corpus import load_audit_corpus
from membership.audit.observations import Observations, observe
from membership.audit.twins import run_twin_test, twins_of
from membership.audit.verdict import Verdict
from membership.detector import Detector
from membership.evidence.holdout import holdout_test
from membership.evidence.redraw import redraw_test
from membership.evidence.remark import remark_test
from membership.evidence.remarkings import make_remarkings
from membership.evidence.result import TestResult
from membership.evidence.score_table import ScoreTable
from membership.scoring import Progress, divide
from membership.traces.suspect import Suspect
from watermark.errors import PrerequisiteError
from watermark.vault.vault import Plan, Vault

FALLBACK = ("redraw", "twin", "holdout")
"""The order in which the primary test falls back if the planned one cannot be run.

The twin test, which runs every published text several more times, is run only as the primary one.
"""

_SIMPLE = {False: "loss", True: "loss_minus_reference"}
"""Detectors that need only log-probabilities of the text, without and with a reference."""


@dataclass(frozen=True)
class Settings:
    """Settings that an auditor may choose; everything else is in the plan."""

    alpha: float | None = None
    """Level instead of the planned one; reported as a departure from the plan."""
    n_resamples: int = 99_999
    seed: int = 0


@dataclass(frozen=True)
class Audit:
    """A verdict with the numbers behind it."""

    verdict: Verdict
    observations: Observations
    table: ScoreTable
    """Input of the re-draw test."""


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
        detectors: Detectors for the hold-out test, by name, including the planned one.
        settings: Deviations from the plan.
        progress: Called as the models process texts.

    Raises:
        PrerequisiteError: No test of evidence can be run on this vault with this suspect, or a
            reference is the suspect.
        VaultError: Ledger and key do not belong together.
    """
    for name, reference in references.items():
        if reference.fingerprint == suspect.fingerprint:
            raise PrerequisiteError(
                f"reference {name}: is the suspect itself, so no difference is left to test; name "
                "the model that it was fine-tuned from, another one, or none"
            )
    corpus, plan = load_audit_corpus(vault), vault.plan
    alpha = plan.alpha if settings.alpha is None else settings.alpha
    first = next(iter(references.values()), None)
    able, unable = divide(detectors, suspect, first)
    detector = _detector(plan, able, unable, references)
    remarking = None
    if plan.test == "remark":
        remarkings = make_remarkings(
            corpus.originals, corpus.sites, corpus.choices, alpha=alpha, seed=settings.seed
        )
        remarking = (remarkings, detector)
    found = observe(corpus, suspect, references, detectors, progress, remarking=remarking)
    table = found.site_logprobs.table()
    resampling = {"n_resamples": settings.n_resamples, "seed": settings.seed}

    def twin() -> TestResult:
        own = corpus.originals, corpus.sites
        twins = list(twins_of(*own, vault.key))
        chosen = detectors[_able(found, detector, "twin test")]
        return run_twin_test(twins, suspect, first, chosen, progress, alpha=alpha, **resampling)

    def remark() -> TestResult:
        if found.remarkings is None or detector not in found.remarking_scores:
            why = found.unable.get(detector, f"there are no scores of {detector}")
            raise PrerequisiteError(f"re-marking test: {why}")
        values = found.remarking_scores[detector]
        return remark_test(found.remarkings, values, detector=detector, alpha=alpha, **resampling)

    tests: dict[str, Callable[[], TestResult]] = {
        "redraw": lambda: redraw_test(table, vault.key, alpha=alpha, **resampling),
        "twin": twin,
        "remark": remark,
        "holdout": lambda: _holdout(found, detector, alpha, resampling),
    }
    results, skipped = _run_tests(plan.test, tests)
    departures = _departures(plan, results[0], alpha, tuple(references), settings)
    verdict = Verdict(results[0], alpha, tuple(results[1:]), departures, skipped)
    return Audit(verdict, found, table)


def _planned_detector(plan: Plan, references: Sized) -> str:
    return plan.detector_with_reference if references else plan.detector


def _detector(plan: Plan, able: Container[str], unable: Container[str], references: Sized) -> str:
    """Return the planned detector, or one that needs less if the models cannot serve it."""
    planned, simple = _planned_detector(plan, references), _SIMPLE[bool(references)]
    return simple if planned in unable and simple in able else planned


def _able(found: Observations, detector: str, test: str) -> str:
    if detector not in found.scores:
        why = found.unable.get(detector, f"there are no scores of {detector}")
        raise PrerequisiteError(f"{test}: {why}")
    return detector


def _holdout(
    found: Observations, detector: str, alpha: float, resampling: Mapping[str, int]
) -> TestResult:
    scores = found.scores[_able(found, detector, "hold-out test")]
    values = np.array([score.value for score in scores])
    published = found.corpus.published
    inside, outside = {detector: values[published]}, {detector: values[~published]}
    return holdout_test(inside, outside, detectors=[detector], alpha=alpha, **resampling)


def _run_tests(
    planned: str, tests: Mapping[str, Callable[[], TestResult]]
) -> tuple[list[TestResult], dict[str, str]]:
    """Return the results, that of the primary test first, and why other tests were not run."""
    results: list[TestResult] = []
    skipped: dict[str, str] = {}
    for name in dict.fromkeys([planned, *FALLBACK]):
        if name == "twin" and results:
            continue
        try:
            results.append(tests[name]())
        except PrerequisiteError as error:
            skipped[name] = str(error)
    if not results:
        raise PrerequisiteError("no test can be run. " + "; ".join(skipped.values()))
    return results, skipped


def _departures(
    plan: Plan, primary: TestResult, alpha: float, references: Sequence[str], settings: Settings
) -> tuple[str, ...]:
    found = []
    if primary.test != plan.test:
        found.append(f"test: {plan.test} planned, {primary.test} used")
    planned = _planned_detector(plan, references)
    used = (primary.details or {}).get("detectors", [planned])
    if used != [planned]:
        found.append(f"detector: {planned} planned, {', '.join(used)} used")
    if alpha != plan.alpha:
        found.append(f"alpha: {plan.alpha:g} planned, {alpha:g} used")
    if plan.references and set(references) != set(plan.references):
        wanted, used = ", ".join(plan.references), ", ".join(references) or "none"
        found.append(f"references: {wanted} planned, {used} used")
    for name, ours, usual in (
        ("seed of the re-draws", settings.seed, Settings.seed),
        ("number of re-draws", settings.n_resamples, Settings.n_resamples),
    ):
        if ours != usual:
            found.append(f"{name}: {usual:,} is the default, {ours:,} used")
    return tuple(found)
