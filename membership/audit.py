"""Audit a suspect with a vault: read, score, test, conclude.

This is the whole audit as a function: a vault and a model go in, a verdict and what it rests on
come out. Files, plots and printing are the business of `pipelines/`.
"""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence, Sized
from dataclasses import dataclass, field

import numpy as np

from membership.detector import Detector, Score, score_document
from membership.evidence.holdout import holdout_test
from membership.evidence.redraw import redraw_test
from membership.evidence.remark import remark_test
from membership.evidence.result import TestResult
from membership.evidence.score_table import ScoreTable, build_table, places_of
from membership.material import Material, gather
from membership.trace import Query, Reading, Suspect, Trace
from membership.verdict import Verdict
from membership.versions import Versions, make_versions
from watermark.document import Document, Site
from watermark.errors import PrerequisiteError
from watermark.vault import Plan, Vault

Progress = Callable[[str, int, int], None]
"""Called with the model's name, texts done and texts in all."""

FALLBACK = ("redraw", "holdout")
"""The order in which the primary test falls back if the planned one cannot be run."""

Traces = Mapping[Query, Trace]
"""One model's traces; a query with places also stands for the same one without."""


@dataclass(frozen=True)
class Settings:
    """What an auditor may choose; everything else is in the plan."""

    alpha: float | None = None
    """Instead of the plan's; noted as a departure from it."""
    n_resamples: int = 99_999
    seed: int = 0


@dataclass(frozen=True)
class Readings:
    """What the models think of the candidates at all sites of the published documents."""

    sites: tuple[Site, ...]
    suspect: tuple[Reading, ...]
    references: Mapping[str, tuple[Reading, ...]]

    def table(self, *, documents: Container[str] | None = None) -> ScoreTable:
        """Return the table of the re-draw test, of some documents only if they are named."""
        keep = [
            i for i, s in enumerate(self.sites) if documents is None or s.document_id in documents
        ]
        return build_table(
            [self.sites[i] for i in keep],
            [self.suspect[i] for i in keep],
            {name: [r[i] for i in keep] for name, r in self.references.items()},
        )


@dataclass(frozen=True)
class Examination:
    """What the models say of a corpus. No key went into it."""

    material: Material
    readings: Readings
    scores: Mapping[str, Sequence[Score]]
    """For each detector the score of each document of the material."""
    versions: Versions | None = None
    """The published texts under fresh keys, if they were asked for."""
    version_scores: Mapping[str, Sequence[Score]] = field(default_factory=dict)
    """For each detector the score of each version of each of those texts."""


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


def examine(
    material: Material,
    suspect: Suspect,
    references: Mapping[str, Suspect],
    detectors: Mapping[str, Detector],
    progress: Progress = lambda model, done, total: None,
    *,
    remarking: tuple[Versions, str] | None = None,
) -> Examination:
    """Run the models over a corpus: read the candidates at its sites, score its documents.

    The arguments are those of `audit`, and re-marked versions of the texts with the name of the
    detector that is to score them; no key is involved.
    """
    versions, judge = remarking or (None, "")
    judges = {name: detector for name, detector in detectors.items() if name == judge}
    remarked = versions.documents() if versions else []
    asked = [
        *_asked(material.documents, detectors.values()),
        *_asked(remarked, judges.values()),
    ]
    with_places, others = _queries(material, asked)
    traces = _run(suspect, [*with_places, *others], progress)
    reference_traces = {
        name: _run(model, with_places if i else [*with_places, *others], progress)
        for i, (name, model) in enumerate(references.items())
    }
    readings = Readings(
        tuple(site for _, some in material.readable() for site in some),
        _readings(material, traces),
        {name: _readings(material, of) for name, of in reference_traces.items()},
    )
    first = next(iter(reference_traces.values()), None)
    return Examination(
        material,
        readings,
        score_corpus(material.documents, detectors, traces, first),
        versions,
        score_corpus(remarked, judges, traces, first),
    )


def _place_queries(material: Material) -> list[Query]:
    """Return for each document with sites its original text and the places to read in it."""
    return [Query(original.text, places_of(sites)) for original, sites in material.readable()]


def _asked(documents: Iterable[Document], detectors: Iterable[Detector]) -> list[Query]:
    """Return what detectors want to know of documents."""
    some = list(detectors)
    return [query for document in documents for d in some for query in d.queries(document)]


def _planned_detector(plan: Plan, references: Sized) -> str:
    return plan.detector_with_reference if references else plan.detector


def _queries(material: Material, asked: Iterable[Query]) -> tuple[list[Query], list[Query]]:
    """Return what must be run, each text once: queries with places, and the others."""
    with_places = list(dict.fromkeys(_place_queries(material)))
    known = {query.text for query in with_places}
    others = dict.fromkeys(Query(query.text) for query in asked if query.text not in known)
    return with_places, list(others)


def _run(model: Suspect, queries: Sequence[Query], progress: Progress) -> Traces:
    traces: dict[Query, Trace] = {}
    progress(model.name, 0, len(queries))
    for done, (index, trace) in enumerate(model.trace(queries), 1):
        traces[queries[index]] = traces[Query(queries[index].text)] = trace
        progress(model.name, done, len(queries))
    return traces


def _readings(material: Material, traces: Traces) -> tuple[Reading, ...]:
    return tuple(r for query in _place_queries(material) for r in traces[query].readings)


def score_corpus(
    documents: Sequence[Document],
    detectors: Mapping[str, Detector],
    suspect: Traces,
    reference: Traces | None,
) -> dict[str, list[Score]]:
    """Score every document with every detector, from traces that were made before.

    Detectors that need a reference are left out when there is none.
    """

    def trace_of(query: Query) -> Trace:
        of = suspect if query.role == "suspect" else reference
        assert of is not None
        return of[Query(query.text)]

    return {
        name: [
            score_document(detector, document, [trace_of(q) for q in detector.queries(document)])
            for document in documents
        ]
        for name, detector in detectors.items()
        if reference is not None or "reference" not in detector.needs
    }


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
            raise PrerequisiteError(f"hold-out test: there are no scores of {detector}")
        values = np.array([score.value for score in scores[detector]])
        published = found.material.published
        inside, outside = values[published], values[~published]
        return holdout_test(
            {detector: inside}, {detector: outside}, detectors=[detector], alpha=alpha, **resampling
        )

    def remark() -> TestResult:
        if found.versions is None or detector not in found.version_scores:
            raise PrerequisiteError(f"re-marking test: there are no scores of {detector}")
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
