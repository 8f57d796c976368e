"""Audit a suspect with a vault: read, score, test, conclude.

This is the whole audit as a function: a vault and a model go in, a verdict and what it rests on
come out. Files, plots and printing are the business of `pipelines/`.
"""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from membership.detector import Detector, Score
from membership.evidence.holdout import holdout_test
from membership.evidence.redraw import redraw_test
from membership.evidence.result import TestResult
from membership.evidence.score_table import ScoreTable, build_table, places_of
from membership.scoring import Progress, Traces, run_queries, score_corpus
from membership.trace import Query, Reading, Suspect
from membership.verdict import Verdict
from watermark.document import Document, Marked, Site, sites_of
from watermark.errors import PrerequisiteError, VaultError
from watermark.vault import Vault

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
class Material:
    """The corpus of a vault as an audit needs it."""

    documents: tuple[Document, ...]
    """Published and held-out documents, as marked."""
    published: NDArray[np.bool_]
    """Which of them were published."""
    originals: tuple[Document, ...]
    sites: tuple[tuple[Site, ...], ...]
    """For each document; offsets of the original text. Empty for documents held out."""


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


@dataclass(frozen=True)
class Audit:
    """A verdict with the numbers under it."""

    verdict: Verdict
    examination: Examination
    table: ScoreTable
    """What the re-draw test was made of."""


def gather(vault: Vault) -> Material:
    """Read a vault and check that the ledger is what the key draws.

    Raises:
        VaultError: A mark of the ledger is not the one that the key draws.
    """
    rows = list(vault.marked())
    for _, marked in rows:
        _check_draws(vault, marked)
    return Material(
        documents=tuple(marked.document for _, marked in rows),
        published=np.array([row.status == "published" for row, _ in rows]),
        originals=tuple(Document(row.id, row.original) for row, _ in rows),
        sites=tuple(sites_of(m) if row.status == "published" else () for row, m in rows),
    )


def _check_draws(vault: Vault, marked: Marked) -> None:
    if vault.plan.scheme.get("rule") == "published":
        return
    for mark in marked.marks:
        if mark.candidates[vault.key.draw(mark.draw, len(mark.candidates))] != mark.chosen:
            raise VaultError(
                f"{vault.folder}: the key does not draw {mark.chosen!r} for {mark.draw!r}: "
                "ledger and key do not belong together"
            )


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
    found = examine(gather(vault), suspect, references, detectors, progress)
    table = found.readings.table()
    verdict = _conclude(vault, found, table, tuple(references), settings)
    return Audit(verdict, found, table)


def examine(
    material: Material,
    suspect: Suspect,
    references: Mapping[str, Suspect],
    detectors: Mapping[str, Detector],
    progress: Progress = lambda model, done, total: None,
) -> Examination:
    """Run the models over a corpus: read the candidates at its sites, score its documents.

    The arguments are those of `audit`; no key is involved.
    """
    with_places, others = _queries(material, detectors.values())
    traces = run_queries(suspect, [*with_places, *others], progress)
    reference_traces = {
        name: run_queries(model, with_places if i else [*with_places, *others], progress)
        for i, (name, model) in enumerate(references.items())
    }
    readings = Readings(
        tuple(site for some in material.sites for site in some),
        _readings(material, traces),
        {name: _readings(material, of) for name, of in reference_traces.items()},
    )
    first = next(iter(reference_traces.values()), None)
    return Examination(
        material, readings, score_corpus(material.documents, detectors, traces, first)
    )


def _place_queries(material: Material) -> list[Query]:
    """Return for each document with sites its original text and the places to read in it."""
    pairs = zip(material.originals, material.sites, strict=True)
    return [Query(original.text, places_of(sites)) for original, sites in pairs if sites]


def _queries(material: Material, detectors: Iterable[Detector]) -> tuple[list[Query], list[Query]]:
    """Return what must be run, each text once: queries with places, and the others."""
    with_places = list(dict.fromkeys(_place_queries(material)))
    known = {query.text for query in with_places}
    asked = (q for d in detectors for document in material.documents for q in d.queries(document))
    others = dict.fromkeys(Query(query.text) for query in asked if query.text not in known)
    return with_places, list(others)


def _readings(material: Material, traces: Traces) -> tuple[Reading, ...]:
    return tuple(r for query in _place_queries(material) for r in traces[query].readings)


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
    detector = plan.detector_with_reference if references else plan.detector

    def holdout() -> TestResult:
        if detector not in scores:
            raise PrerequisiteError(f"hold-out test: there are no scores of {detector}")
        values = np.array([score.value for score in scores[detector]])
        published = found.material.published
        inside, outside = values[published], values[~published]
        return holdout_test(
            {detector: inside}, {detector: outside}, detectors=[detector], alpha=alpha, **resampling
        )

    tests: dict[str, Callable[[], TestResult]] = {
        "redraw": lambda: redraw_test(table, vault.key, alpha=alpha, **resampling),
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
