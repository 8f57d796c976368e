"""Reports of audits that no model was run for: of a random table and of a plan made up here."""

from types import SimpleNamespace

import numpy as np

from membership.audit.audit import Audit
from membership.audit.verdict import Verdict
from membership.evidence.redraw import choices_of, draw_table, redraw_test
from membership.evidence.score_table import ScoreTable
from membership.evidence.strength import strength_by_documents
from pipelines.reporting.case.page import Insight
from pipelines.reporting.provenance import Run
from pipelines.reporting.report import Report
from watermark.keys import Key
from watermark.vault.beforehand import Beforehand

NOTHING_KNOWN = Beforehand()
KEY = Key(bytes(range(32)))


def synthetic_table(strength=0.0, n_sites=200, n_draws=100, noise=1.0, seed=0):
    """Return the table of a suspect that prefers what `KEY` chose by so many nats."""
    rng = np.random.default_rng(seed)
    draws = tuple(f"w{i}" for i in rng.integers(0, n_draws, n_sites))
    score = rng.normal(scale=noise, size=(n_sites, 2))
    score[np.arange(n_sites), [KEY.draw(draw, 2) for draw in draws]] += strength
    return ScoreTable(
        tuple(f"d{i // 5}" for i in range(n_sites)),
        draws,
        np.full(n_sites, 2),
        score - score.mean(1, keepdims=True),
        {},
        {},
        tuple(range(n_sites)),
    )


def synthetic_report(
    strength=0.0,
    *,
    beforehand=NOTHING_KNOWN,
    departures=(),
    n_sites=200,
    noise=1.0,
    name="model",
    **run,
):
    """Return a report and what its page shows beside it."""
    table = synthetic_table(strength, n_sites, max(1, n_sites // 2), noise)
    result = redraw_test(table, KEY, alpha=0.001, n_resamples=9_999)
    plan = SimpleNamespace(alpha=0.001, references=(), public_references=None, corpus={}, scheme={})
    inputs = {
        "vault": {"plan.json": "0" * 64},
        "suspect": {"name": name, "fingerprint": "f" * 64, "settings": "float32"},
        "references": {},
    }
    about = Run(
        run.get("command", "verify --corpus /home/me/vault"), {"numpy": "2"}, "", {}, inputs,
        {"resampling": 0},
    )  # fmt: skip
    verdict = Verdict(result, 0.001, (), tuple(departures), {})
    observations = SimpleNamespace(scores={}, unable={}, corpus=None)
    report = Report(Audit(verdict, observations, table), plan, about, beforehand)  # type: ignore[arg-type]
    outcomes = choices_of(KEY, draw_table(table))
    return report, Insight(strength_by_documents(table, outcomes))
