"""Pages in reports/ say what the numbers beside them say: nobody has written on them by hand."""

import json
from pathlib import Path

import pytest

from pipelines.experiments import ablations, hubble_ladder, laptop, records_needed
from pipelines.experiments.runner.records import read_table
from pipelines.experiments.standalone import (
    acceptability_page,
    plan_check,
    proof,
    public_references,
    query_access_page,
)

REPORTS = Path(__file__).parents[3] / "reports"


@pytest.mark.parametrize(
    ("describe", "numbers", "page"),
    [
        (proof.describe, "proof/results.json", "proof/README.md"),
        (proof.describe, "proof/listed/results.json", "proof/listed/README.md"),
        (proof.describe, "proof/with_models/results.json", "proof/with_models/README.md"),
        (query_access_page.describe, "query_access/results.json", "query_access/README.md"),
        (
            public_references.describe,
            "query_access/public_references.json",
            "query_access/public_references.md",
        ),
        (plan_check.describe, "plan/results.json", "plan/README.md"),
        (acceptability_page.describe_results, "marks/acceptance.json", "marks/acceptance.md"),
    ],
)
def test_a_page_is_made_of_its_json(describe, numbers, page):
    made = describe(json.loads((REPORTS / numbers).read_text(encoding="utf-8")))
    assert made == (REPORTS / page).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "experiment",
    [laptop.EXPERIMENT, hubble_ladder.EXPERIMENT, records_needed.EXPERIMENT, ablations.EXPERIMENT],
)
def test_a_page_is_made_of_its_table(experiment, tmp_path):
    folder = REPORTS / experiment.name
    made = experiment.describe(read_table(folder / "table.parquet"), tmp_path)
    assert made == (folder / "README.md").read_text(encoding="utf-8")
