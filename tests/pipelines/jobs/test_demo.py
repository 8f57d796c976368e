"""The first thing that a stranger runs."""

import json
from itertools import islice

import pytest

from pipelines.jobs import demo as job
from pipelines.jobs.demo import run_demo
from pipelines.loading.embedded_text import paragraphs
from pipelines.training.training import Shape


@pytest.mark.slow
def test_the_demo_finds_the_model_that_trained_on_our_marks_and_not_the_other(tmp_path):
    demo = run_demo(tmp_path / "demo")
    found, other = (report.audit.verdict for report in (demo.trained, demo.other))
    assert (found.words, found.primary.test, found.departures) == ("trained on it", "redraw", ())
    assert found.primary.zscore > 10
    assert other.words == "no evidence"
    assert abs(other.primary.zscore) < 3
    assert (tmp_path / "demo/ours/report/report.md").exists()


def test_both_reports_are_printed_for_machines(command, monkeypatch):
    monkeypatch.setattr(job, "paragraphs", lambda: islice(paragraphs(), 24))
    monkeypatch.setattr(job, "SHAPE", Shape(layers=1, width=32, heads=2, context=256))
    done = command("leximark", "demo", "--json")
    assert done.status == 0, done.err
    reports = json.loads(done.out)
    assert list(reports) == ["trained", "other"]
    assert all(report["primary"]["test"] == "redraw" for report in reports.values())
