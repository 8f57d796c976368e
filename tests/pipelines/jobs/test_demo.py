"""The first thing that a stranger runs."""

import pytest

from pipelines.jobs.demo import run_demo


@pytest.mark.slow
def test_the_demo_finds_the_model_that_trained_on_our_marks_and_not_the_other(tmp_path):
    demo = run_demo(tmp_path / "demo")
    found, other = (report.audit.verdict for report in (demo.trained, demo.other))
    assert (found.words, found.primary.test, found.departures) == ("trained on it", "redraw", ())
    assert found.primary.zscore > 10
    assert other.words == "no evidence"
    assert abs(other.primary.zscore) < 3
    assert (tmp_path / "demo/ours/report/report.md").exists()
