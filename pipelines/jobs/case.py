"""Write down what an audit came to: report, the two pages, and the bundle."""

from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from membership.evidence.redraw import choices_of, draw_table
from membership.evidence.strength import site_gains, strength_by_documents
from pipelines.bundle.write_bundle import write_bundle
from pipelines.jobs.evidence import AuditRecord
from pipelines.reporting.case.page import Insight, ShownSite, case_page, in_context
from pipelines.reporting.report import PRIVATE, SHAREABLE, Report, write_report
from watermark.keys import Coins


def write_case(
    report: Report, record: AuditRecord, out: Path, *, began: datetime, seconds: float
) -> None:
    """Write the report folder of an audit, and the bundle if one was asked for."""
    evidence, vault = record.evidence, record.vault
    insight = insight_of(report, vault.key, evidence.n_shown_sites)
    write_report(report, out, case_pages(report, insight), began=began, seconds=seconds)
    if evidence.bundle is not None:
        roots, disclosure = evidence.tsa_roots, evidence.disclosure
        write_bundle(evidence.bundle, report, out, vault, record.custody, roots, disclosure)


def case_pages(report: Report, insight: Insight) -> dict[str, str]:
    """Return the private and the shareable page by the names of their files."""
    return {
        PRIVATE: case_page(report, insight, shareable=False),
        SHAREABLE: case_page(report, insight, shareable=True),
    }


def insight_of(report: Report, key: Coins, n_shown_sites: int) -> Insight:
    """Return what the page shows of the draws: strength by documents, and sites if asked."""
    table = report.audit.table
    draws = draw_table(table)
    if not draws.names:
        return Insight()
    outcomes = choices_of(key, draws)
    sites = _strongest_sites(report, outcomes, n_shown_sites)
    return Insight(strength_by_documents(table, outcomes), sites)


def _strongest_sites(report: Report, outcomes: NDArray[np.int64], n: int) -> tuple[ShownSite, ...]:
    if not n:
        return ()
    table, corpus = report.audit.table, report.audit.observations.corpus
    gains = site_gains(table, outcomes)
    number = {name: i for i, name in enumerate(dict.fromkeys(table.draws))}
    texts = {document.id: document.text for document in corpus.originals}
    known = {(s.document_id, s.start): s for _, some in corpus.readable() for s in some}
    shown = []
    for row in np.argsort(-gains, kind="stable")[:n].tolist():
        site = known[table.document_ids[row], table.starts[row]]
        words = list(site.candidates)
        published = words.pop(int(outcomes[number[site.draw]]))
        before, after = in_context(texts[site.document_id], site.start, site.end)
        shown.append(
            ShownSite(site.document_id, before, published, tuple(words), after, float(gains[row]))
        )
    return tuple(shown)
