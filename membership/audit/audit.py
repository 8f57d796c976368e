"""Audit a suspect with a vault: read, score, test, conclude.

This is the whole audit as one function of a vault and a model; it returns a verdict and the numbers
behind it. Files, plots and printing are handled in `pipelines/`.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from membership.audit.corpus import AuditCorpus, load_audit_corpus
from membership.audit.departures import N_RESAMPLES, SEED, departures, planned_detector
from membership.audit.observations import Observations, observe
from membership.audit.twins import twins_of
from membership.audit.verdict import Verdict
from membership.detector import Detector, values_of
from membership.evidence.combined import combined_test
from membership.evidence.holdout import holdout_test
from membership.evidence.redraw import redraw_test
from membership.evidence.reference_check import reference_pvalues, with_reference_check
from membership.evidence.remark import remark_test
from membership.evidence.remarkings import make_remarkings
from membership.evidence.result import TestResult
from membership.evidence.score_table import ScoreTable
from membership.evidence.twin import twin_test
from membership.scoring import Panel, Progress, assemble_panel, score_groups
from membership.traces.suspect_protocol import Suspect
from watermark.errors import PrerequisiteError, VaultError
from watermark.keys import Key
from watermark.vault.plan import PLAN, Plan
from watermark.vault.vault import Vault

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
    n_resamples: int = N_RESAMPLES
    """Number of fresh keys; another number is reported as a departure from the plan."""
    seed: int = SEED


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
        VaultError: The plan names an unknown detector.
    """
    check_planned_detectors(vault, detectors)
    check_references(suspect, references)
    corpus, plan = load_audit_corpus(vault), vault.plan
    alpha = plan.alpha if settings.alpha is None else settings.alpha
    panel = assemble_panel(detectors, suspect, references)
    detector = _detector(plan, panel)
    remarking = None
    if plan.test == "remark":
        remarkings = make_remarkings(
            corpus.originals, corpus.sites, corpus.choices, vault.key, alpha=alpha
        )
        remarking = (remarkings, detector)
    found = observe(corpus, panel, progress, remarking=remarking)
    table = found.site_logprobs.table()
    level = Level(alpha, settings.n_resamples, settings.seed)
    tests: dict[str, Callable[[], TestResult]] = {
        "redraw": lambda: redraw_test(table, vault.key, **vars(level)),
        "twin": lambda: _twin(corpus, vault.key, panel, detector, progress, level),
        "remark": lambda: _remark(found, panel, detector, level),
        "holdout": lambda: _holdout(found, panel, detector, level),
        "combined": lambda: _combined(found, table, vault.key, panel, detector, progress, level),
    }
    results, skipped = _run_tests(plan.test, tests)
    pvalues = reference_pvalues(found.site_logprobs.reference_tables(), [vault.key])
    primary, *others = (with_reference_check(result, pvalues) for result in results)
    said = departures(
        [plan],
        test=primary.test,
        alpha=alpha,
        references=tuple(references),
        seed=settings.seed,
        n_resamples=settings.n_resamples,
        detectors=primary.detectors,
    )
    verdict = Verdict(primary, alpha, tuple(others), said, skipped)
    return Audit(verdict, found, table)


def check_references(suspect: Suspect, references: Mapping[str, Suspect]) -> None:
    """Refuse the suspect as its own reference.

    Raises:
        PrerequisiteError: The message names the reference.
    """
    for name, reference in references.items():
        if reference.fingerprint == suspect.fingerprint:
            raise PrerequisiteError(
                f"reference {name}: is the suspect itself, so no difference is left to test; name "
                "the model that it was fine-tuned from, another one, or none"
            )


def check_planned_detectors(vault: Vault, detectors: Collection[str]) -> None:
    """Refuse a plan that names an unknown detector, before a model is opened.

    Raises:
        VaultError: The message names it.
    """
    for name in (vault.plan.detector, vault.plan.detector_with_reference):
        if name not in detectors:
            raise VaultError(
                f"{vault.folder / PLAN}: plans the detector {name!r:.60}, which is unknown; there "
                f"are {', '.join(detectors)}"
            )


def _detector(plan: Plan, panel: Panel) -> str:
    """Return the planned detector, or one that needs less if the models cannot serve it."""
    planned = planned_detector(plan, panel.references)
    simple = _SIMPLE[bool(panel.references)]
    return simple if planned in panel.unable and simple in panel.detectors else planned


@dataclass(frozen=True)
class Level:
    """What every test is told of how exact it has to be."""

    alpha: float
    n_resamples: int
    seed: int


def _twin(
    corpus: AuditCorpus, key: Key, panel: Panel, detector: str, progress: Progress, level: Level
) -> TestResult:
    twins = list(twins_of(corpus.originals, corpus.sites, key, names=corpus.key_names))
    panel.check(detector, "twin test")
    if not twins:
        raise PrerequisiteError(
            "twin test: no document has versions of its own: every draw decides sites of several "
            "documents, or nothing was drawn (rule published)"
        )
    versions = [version for each in twins for version in each.remarkings]
    (scores,) = score_groups(
        [(versions, panel.only(detector))], panel.suspect, panel.reference, progress=progress
    )
    edges = np.cumsum([len(each.remarkings) for each in twins])[:-1]
    return twin_test(
        [each.remarkings[0].id for each in twins],
        np.split(values_of(scores[detector]), edges),
        [each.published for each in twins],
        detector=detector,
        **vars(level),
    )


def _remark(found: Observations, panel: Panel, detector: str, level: Level) -> TestResult:
    panel.check(detector, "re-marking test")
    assert found.remarkings is not None
    scores = found.remarking_scores[detector]
    return remark_test(found.remarkings, scores, detector=detector, **vars(level))


def _holdout(found: Observations, panel: Panel, detector: str, level: Level) -> TestResult:
    panel.check(detector, "hold-out test")
    return _compare_groups(found.corpus, values_of(found.scores[detector]), detector, level)


def _combined(
    found: Observations,
    table: ScoreTable,
    key: Key,
    panel: Panel,
    detector: str,
    progress: Progress,
    level: Level,
) -> TestResult:
    """Combine the re-draw test with a hold-out test of the original texts."""
    panel.check(detector, "combined test")
    corpus = found.corpus
    (scores,) = score_groups(
        [(corpus.originals, panel.only(detector))],
        panel.suspect,
        panel.reference,
        progress=progress,
    )
    return combined_test(
        redraw_test(table, key, **vars(level)),
        _compare_groups(corpus, values_of(scores[detector]), detector, level),
        table,
        alpha=level.alpha,
    )


def _compare_groups(
    corpus: AuditCorpus, values: NDArray[np.float64], detector: str, level: Level
) -> TestResult:
    """Run the hold-out test; of documents with one text, which go together, one is a unit."""
    units, published = corpus.first_of_name, corpus.published
    inside, outside = values[units & published], values[units & ~published]
    return holdout_test(
        {detector: inside}, {detector: outside}, detectors=[detector], **vars(level)
    )


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
