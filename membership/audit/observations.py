"""What models say of the corpus of a vault: texts and places go in, traces and scores come out.

No key goes into any of it.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from membership.audit.corpus import AuditCorpus
from membership.detector import Detector, Score
from membership.detectors.reference import Unit, in_unit, shared_unit
from membership.evidence.remarkings import Remarkings
from membership.evidence.score_table import ScoreTable, build_table, slots_of
from membership.scoring import Progress, Traces, divide, run_queries, score_corpus
from membership.traces.suspect import Suspect
from membership.traces.trace import CandidateLogprobs, Query
from watermark.document import Document, Site


@dataclass(frozen=True)
class SiteLogprobs:
    """What the models think of the candidates at all sites of the published documents."""

    sites: tuple[Site, ...]
    suspect: tuple[CandidateLogprobs, ...]
    references: Mapping[str, tuple[CandidateLogprobs, ...]]
    language: str = "en"

    def table(self, *, documents: Container[str] | None = None) -> ScoreTable:
        """Return the table of the re-draw test, of some documents only if they are named."""
        keep = [
            i for i, s in enumerate(self.sites) if documents is None or s.document_id in documents
        ]
        return build_table(
            [self.sites[i] for i in keep],
            [self.suspect[i] for i in keep],
            {name: [r[i] for i in keep] for name, r in self.references.items()},
            language=self.language,
        )


@dataclass(frozen=True)
class Observations:
    """What the models say of a corpus. No key went into it."""

    corpus: AuditCorpus
    site_logprobs: SiteLogprobs
    scores: Mapping[str, Sequence[Score]]
    """For each detector the score of each document of the material."""
    unable: Mapping[str, str] = field(default_factory=dict)
    """Detectors that were not run, each with what the models would have to give."""
    remarkings: Remarkings | None = None
    """The published texts under fresh keys, if they were asked for."""
    remarking_scores: Mapping[str, Sequence[Score]] = field(default_factory=dict)
    """For each detector the score of each version of each of those texts."""


def observe(
    corpus: AuditCorpus,
    suspect: Suspect,
    references: Mapping[str, Suspect],
    detectors: Mapping[str, Detector],
    progress: Progress = lambda model, done, total: None,
    *,
    remarking: tuple[Remarkings, str] | None = None,
) -> Observations:
    """Run the models over a corpus: read the candidates at its sites, score its documents.

    The arguments are those of `audit`, and re-marked versions of the texts with the name of the
    detector that is to score them; no key is involved.
    """
    models = (suspect, *references.values())
    first = next(iter(references.values()), None)
    able, unable = divide(detectors, suspect, first)
    blind = next((m.name for m in models if "candidates" not in m.abilities), "")
    # A site is usable only if every model reads it.
    with_slots = [] if blind else list(dict.fromkeys(_slot_queries(corpus)))
    remarkings, judge = remarking or (None, "")
    judges = {name: detector for name, detector in able.items() if name == judge}
    remarked = remarkings.documents() if remarkings else []
    asked = [*_asked(corpus.documents, able.values()), *_asked(remarked, judges.values())]
    known = {query.text for query in with_slots}
    others = list(dict.fromkeys(Query(q.text) for q in asked if q.text not in known))
    traces = _read(suspect, with_slots, others, progress)
    reference_traces = {
        name: _read(model, with_slots, others if model is first else [], progress)
        for name, model in references.items()
    }
    site_logprobs = SiteLogprobs(
        tuple(site for _, some in corpus.readable() for site in some),
        _readings(corpus, traces, blind),
        {name: _readings(corpus, of, blind) for name, of in reference_traces.items()},
        corpus.language,
    )
    of_first = next(iter(reference_traces.values()), None)
    unit = choose_unit(traces, of_first)
    scorers = {name: in_unit(detector, unit) for name, detector in able.items()}
    return Observations(
        corpus,
        site_logprobs,
        score_corpus(corpus.documents, scorers, traces, of_first),
        unable,
        remarkings,
        score_corpus(remarked, {n: scorers[n] for n in judges}, traces, of_first),
    )


def _read(
    model: Suspect, with_slots: Sequence[Query], others: Sequence[Query], progress: Progress
) -> Traces:
    """Run a model over the original texts by themselves, then over the marked ones.

    Texts in one batch touch each other's last digits, and the marked ones depend on the key.
    """
    return {
        **run_queries(model, with_slots, progress),
        **run_queries(model, others, progress),
    }


def choose_unit(suspect: Traces, reference: Traces | None) -> Unit:
    """Choose what scores are compared per, once for all documents."""
    if reference is None:
        return "token"
    texts = {Query(query.text) for query in suspect} & {Query(query.text) for query in reference}
    return shared_unit([suspect[q] for q in texts], [reference[q] for q in texts])


def _slot_queries(corpus: AuditCorpus) -> list[Query]:
    """Return for each document with sites its original text and the places to read in it."""
    return [Query(original.text, slots_of(sites)) for original, sites in corpus.readable()]


def _asked(documents: Iterable[Document], detectors: Iterable[Detector]) -> list[Query]:
    """Return what detectors want to know of documents."""
    some = list(detectors)
    return [query for document in documents for d in some for query in d.queries(document)]


def _readings(corpus: AuditCorpus, traces: Traces, blind: str) -> tuple[CandidateLogprobs, ...]:
    if blind:
        reason = f"{blind} gives no log-probabilities of candidates"
        sites = (site for _, some in corpus.readable() for site in some)
        return tuple(
            CandidateLogprobs(np.full(len(site.candidates), np.nan), reason) for site in sites
        )
    return tuple(r for query in _slot_queries(corpus) for r in traces[query].candidate_logprobs)
