"""Run the models on the corpus of a vault and collect candidate log-probabilities and scores.

None of this depends on the key.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from membership.audit.corpus import AuditCorpus
from membership.detector import Score
from membership.evidence.remarkings import Remarkings
from membership.evidence.score_table import ScoreTable, build_table, slots_of
from membership.scoring import (
    Group,
    Panel,
    Progress,
    Traces,
    read_ahead,
    run_queries,
    score_groups,
    texts_of,
)
from membership.traces.trace import CandidateLogprobs, Query
from watermark.document import Site


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

    def reference_tables(self) -> dict[str, ScoreTable]:
        """Return the preferences of each reference, for the check that it is independent."""
        return reference_tables(self.sites, self.references, self.language)


def reference_tables(
    sites: Sequence[Site],
    references: Mapping[str, Sequence[CandidateLogprobs]],
    language: str,
) -> dict[str, ScoreTable]:
    """Return the table of each reference as if it was the suspect, without a reference."""
    return {
        name: build_table(sites, readings, {}, language=language)
        for name, readings in references.items()
    }


@dataclass(frozen=True)
class Observations:
    """Outputs of the models on a corpus; independent of the key."""

    corpus: AuditCorpus
    site_logprobs: SiteLogprobs
    scores: Mapping[str, Sequence[Score]]
    """For each detector the score of each document of the corpus."""
    unable: Mapping[str, str] = field(default_factory=dict)
    """Detectors that were not run, each with the reason."""
    remarkings: Remarkings | None = None
    """The published texts under fresh keys, if requested."""
    remarking_scores: Mapping[str, Sequence[Score]] = field(default_factory=dict)
    """Score of each version of each of those texts, by detector."""


def observe(
    corpus: AuditCorpus,
    panel: Panel,
    progress: Progress = lambda model, done, total: None,
    *,
    remarking: tuple[Remarkings, str] | None = None,
) -> Observations:
    """Run the models on a corpus: candidate log-probabilities at its sites, scores of its
    documents.

    Args:
        corpus: What to read; no key is involved.
        panel: The models and detectors.
        progress: Told how far the models are.
        remarking: Re-marked versions of the texts, and the detector that is to score them.
    """
    blind = next((m.name for m in panel.models if "candidates" not in m.abilities), "")
    # The original texts are read by themselves: texts in one batch touch each other's last digits,
    # and the marked ones depend on the key. A site is usable only if every model reads it.
    with_slots = [] if blind else list(dict.fromkeys(_slot_queries(corpus)))
    groups: list[Group] = [(corpus.documents, panel.detectors)]
    if remarking is not None:
        groups.append((remarking[0].documents(), panel.only(remarking[1])))
    _read_ahead(panel, with_slots, groups)
    traces = run_queries(panel.suspect, with_slots, progress)
    others = {
        name: run_queries(model, with_slots, progress) for name, model in panel.references.items()
    }
    known = traces, next(iter(others.values()), {})
    scores, *of_remarkings = score_groups(
        groups, panel.suspect, panel.reference, known=known, progress=progress
    )
    return Observations(
        corpus,
        SiteLogprobs(
            tuple(site for _, some in corpus.readable() for site in some),
            _readings(corpus, traces, blind),
            {name: _readings(corpus, of, blind) for name, of in others.items()},
            corpus.language,
        ),
        scores,
        panel.unable,
        remarking[0] if remarking else None,
        of_remarkings[0] if of_remarkings else {},
    )


def _read_ahead(panel: Panel, with_slots: Sequence[Query], groups: Sequence[Group]) -> None:
    """Tell models that run elsewhere all texts at once; `observe` then finds them read."""
    known = {Query(query.text) for query in with_slots}
    for model in panel.references.values():
        if model is not panel.reference:
            read_ahead(model, [with_slots])
    for scored, role in ((panel.suspect, "suspect"), (panel.reference, "reference")):
        read_ahead(scored, (with_slots, texts_of(groups, role, known)))


def _slot_queries(corpus: AuditCorpus) -> list[Query]:
    """Return one query per document with sites: its original text and its slots."""
    return [Query(original.text, slots_of(sites)) for original, sites in corpus.readable()]


def _readings(corpus: AuditCorpus, traces: Traces, blind: str) -> tuple[CandidateLogprobs, ...]:
    if blind:
        reason = f"{blind} gives no log-probabilities of candidates"
        sites = (site for _, some in corpus.readable() for site in some)
        return tuple(
            CandidateLogprobs(np.full(len(site.candidates), np.nan), reason) for site in sites
        )
    return tuple(r for query in _slot_queries(corpus) for r in traces[query].candidate_logprobs)
