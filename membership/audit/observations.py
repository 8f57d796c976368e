"""Run the models on the corpus of a vault and collect candidate log-probabilities and scores.

None of this depends on the key.
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
    """Log-probabilities of the candidates at all sites of the published documents."""

    sites: tuple[Site, ...]
    suspect: tuple[CandidateLogprobs, ...]
    references: Mapping[str, tuple[CandidateLogprobs, ...]]
    language: str = "en"

    def table(self, *, documents: Container[str] | None = None) -> ScoreTable:
        """Return the table of the re-draw test, restricted to `documents` if given."""
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
    """Outputs of the models on a corpus; independent of the key."""

    corpus: AuditCorpus
    site_logprobs: SiteLogprobs
    scores: Mapping[str, Sequence[Score]]
    """Score of each document of the corpus, by detector."""
    unable: Mapping[str, str] = field(default_factory=dict)
    """Detectors that were not run, each with the reason."""
    remarkings: Remarkings | None = None
    """The published texts under fresh keys, if requested."""
    remarking_scores: Mapping[str, Sequence[Score]] = field(default_factory=dict)
    """Score of each version of each of those texts, by detector."""


def observe(
    corpus: AuditCorpus,
    suspect: Suspect,
    references: Mapping[str, Suspect],
    detectors: Mapping[str, Detector],
    progress: Progress = lambda model, done, total: None,
    *,
    remarking: tuple[Remarkings, str] | None = None,
) -> Observations:
    """Run the models on a corpus: candidate log-probabilities at its sites, scores of its
    documents.

    The arguments are those of `audit`, and re-marked versions of the texts with the name of the
    detector that scores them. No key is involved.
    """
    models = (suspect, *references.values())
    first = next(iter(references.values()), None)
    able, unable = divide(detectors, suspect, first)
    blind = next((m.name for m in models if "candidates" not in m.abilities), "")
    # A site is usable only if every model gives log-probabilities of its candidates.
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
    """Run a model on the original texts separately, then on the marked ones.

    Texts in one batch affect each other's rounding, and the marked ones depend on the key.
    """
    return {
        **run_queries(model, with_slots, progress),
        **run_queries(model, others, progress),
    }


def choose_unit(suspect: Traces, reference: Traces | None) -> Unit:
    """Choose the unit in which scores are compared, once for all documents."""
    if reference is None:
        return "token"
    texts = {Query(query.text) for query in suspect} & {Query(query.text) for query in reference}
    return shared_unit([suspect[q] for q in texts], [reference[q] for q in texts])


def _slot_queries(corpus: AuditCorpus) -> list[Query]:
    """Return one query per document with sites: its original text and its slots."""
    return [Query(original.text, slots_of(sites)) for original, sites in corpus.readable()]


def _asked(documents: Iterable[Document], detectors: Iterable[Detector]) -> list[Query]:
    """Return all queries of the detectors for the documents."""
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
