"""What models say of the corpus of a vault: texts and places go in, traces and scores come out.

No key goes into any of it beyond the check that ledger and key belong together.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from membership.detector import Detector, Score, check_abilities
from membership.evidence.score_table import ScoreTable, build_table, places_of
from membership.scoring import Progress, Traces, run_queries, score_corpus
from membership.trace import Query, Reading, Suspect
from watermark.document import Document, Marked, Site, sites_of
from watermark.errors import PrerequisiteError, VaultError
from watermark.vault import Vault


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
    unable: Mapping[str, str] = field(default_factory=dict)
    """Detectors that were not run, each with what the models would have to give."""


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
    models = (suspect, *references.values())
    first = next(iter(references.values()), None)
    able, unable = _divide(detectors, suspect, first)
    blind = next((m.name for m in models if "candidates" not in m.abilities), "")
    # A site is usable only if every model reads it.
    with_places = [] if blind else list(dict.fromkeys(_place_queries(material)))
    others = _others(material, able.values(), {query.text for query in with_places})
    traces = run_queries(suspect, [*with_places, *others], progress)
    reference_traces = {
        name: run_queries(model, [*with_places, *(others if model is first else [])], progress)
        for name, model in references.items()
    }
    readings = Readings(
        tuple(site for some in material.sites for site in some),
        _readings(material, traces, blind),
        {name: _readings(material, of, blind) for name, of in reference_traces.items()},
    )
    of_first = next(iter(reference_traces.values()), None)
    scores = score_corpus(material.documents, able, traces, of_first)
    return Examination(material, readings, scores, unable)


def _divide(
    detectors: Mapping[str, Detector], suspect: Suspect, reference: Suspect | None
) -> tuple[dict[str, Detector], dict[str, str]]:
    """Return the detectors that these models can serve, and for each other one what is missing.

    Those that compare with a reference are in neither when there is none.
    """
    able, unable = dict[str, Detector](), dict[str, str]()
    for name, detector in detectors.items():
        given = suspect.abilities
        if "reference" in detector.needs:
            if reference is None:
                continue
            given = (given & reference.abilities) | {"reference"}
        try:
            check_abilities(detector, given, suspect.name)
            able[name] = detector
        except PrerequisiteError as error:
            unable[name] = str(error)
    return able, unable


def _place_queries(material: Material) -> list[Query]:
    """Return for each document with sites its original text and the places to read in it."""
    pairs = zip(material.originals, material.sites, strict=True)
    return [Query(original.text, places_of(sites)) for original, sites in pairs if sites]


def _others(
    material: Material, detectors: Iterable[Detector], known: Container[str]
) -> list[Query]:
    """Return the queries of the detectors, each text once, without those that run anyway."""
    asked = (q for d in detectors for document in material.documents for q in d.queries(document))
    return list(dict.fromkeys(Query(query.text) for query in asked if query.text not in known))


def _readings(material: Material, traces: Traces, blind: str) -> tuple[Reading, ...]:
    if blind:
        reason = f"{blind} gives no log-probabilities of candidates"
        sites = (site for some in material.sites for site in some)
        return tuple(Reading(np.full(len(site.candidates), np.nan), reason) for site in sites)
    return tuple(r for query in _place_queries(material) for r in traces[query].readings)
