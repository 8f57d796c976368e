import json
from datetime import UTC, datetime

import pytest

from membership.evidence.editions import AlikePair, EditionEvidence, EditionsResult
from pipelines.reporting.editions import EditionsReport, write_editions_report
from pipelines.reporting.provenance import Run
from watermark.vault.beforehand import Beforehand

RUN = Run("verify --editions", {}, "", {}, {}, {})


def report(adjusted, some, alike=()):
    editions = (
        EditionEvidence("A|B", 9.3, 1e-5, adjusted),
        EditionEvidence("Charlie", 0.1, 0.5, 0.5),
    )
    result = EditionsResult(editions, some, 0.001, 99_999, 50_000, 400, 200, alike)
    said = ("alpha: 0.01 planned, 0.001 used",)
    return EditionsReport(result, RUN, Beforehand(), said, ("Reference base depends on the key",))


def test_a_report_names_those_with_evidence_and_clears_nobody(tmp_path):
    made = report(1e-4, 1e-4, (AlikePair("A|B", "Charlie", 3),))
    lines = list(made.lines())
    assert lines[0].startswith("Not fixed beforehand")
    assert "Verdict: licensees named: A|B" in lines
    assert (
        "A|B: p = 1e-05, 0.0001 after correction for 2 licensees (Holm, closed); z = 9.3" in lines
    )
    assert any("cannot be told apart" in line and "at 3 of the 200" in line for line in lines)
    assert "Not in the plan: alpha: 0.01 planned, 0.001 used" in lines
    assert "Caution: Reference base depends on the key" in lines
    assert lines[-1] == "A licensee who is not named is not cleared by that."
    write_editions_report(made, tmp_path / "r", began=datetime.now(UTC), seconds=1.0)
    written = json.loads((tmp_path / "r/report.json").read_text())
    assert (written["verdict"], written["named"]) == ("licensees named", ["A|B"])
    assert written["departures"] == ["alpha: 0.01 planned, 0.001 used"]
    assert written["cautions"] == ["Reference base depends on the key"]
    assert "- Not in the plan: alpha" in (tmp_path / "r/report.md").read_text()
    assert written["indistinguishable"] == [
        {"licensee": "A|B", "other": "Charlie", "n_different": 3}
    ]
    assert "| A/B | 1e-05 | 0.0001 | 9.3 |" in (tmp_path / "r/report.md").read_text()


@pytest.mark.parametrize(
    ("some", "words", "is_evidence"),
    [(1e-4, "some edition, undecided which", True), (0.5, "no evidence", False)],
)
def test_without_a_name_it_is_some_edition_or_no_evidence(some, words, is_evidence):
    made = report(0.02, some)
    assert f"Verdict: {words}" in list(made.lines())
    assert made.is_evidence is is_evidence
    assert made.as_dict()["named"] == []
