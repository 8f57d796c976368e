"""The experiment of the README's headline, with few passages and a tiny model."""

import json
from itertools import islice
from pathlib import Path

from pipelines.experiments import proof as experiment
from pipelines.experiments.runner.experiment import run_experiment
from pipelines.experiments.runner.records import read_table
from pipelines.experiments.standalone import proof
from pipelines.loading.embedded_text import paragraphs
from watermark.document import Document

REPORT = Path(__file__).parents[3] / "reports/proof"


def test_the_page_of_the_report_is_made_of_its_cell(tmp_path):
    (cell,) = experiment.cells(1)
    kept = (REPORT / "results.json").read_bytes()
    (tmp_path / f"results-seed-{cell.settings['seed']}.json").write_bytes(kept)
    made = experiment.describe([{"seed": cell.settings["seed"]}], tmp_path)
    assert made == (REPORT / "README.md").read_text(encoding="utf-8")


def test_a_seed_is_marked_trained_and_audited(tmp_path, monkeypatch, job):
    def few(corpus, n, *, seed):
        return [Document(f"t{i}", text) for i, text in enumerate(islice(paragraphs(), n))]

    for name, value in {
        "passages": few,
        "find_model": lambda name: job.other,
        "N_PASSAGES": 20,
        "QUALITY": "fast",
        "N_NULL_KEYS": 9,
        "SUBSETS": (5,),
        "N_SUBSETS": 3,
    }.items():
        monkeypatch.setattr(proof, name, value)
    (_, cell) = experiment.cells(2)
    page = run_experiment(experiment.EXPERIMENT, [cell], tmp_path / "out", lambda line: None)
    rows = read_table(tmp_path / "out/table.parquet")
    values = {(row["of"], row["measure"]): row["value"] for row in rows}
    audits = ["trained", "trained, no reference", "base", "wrong key", "unmarked"]
    assert [name for name, measure in values if measure == "pvalue"] == audits
    assert all(0 < values[name, "pvalue"] <= 1 for name in audits)
    assert 0 <= values["trained", "power"] <= 1
    assert "seed 3." in page.read_text(encoding="utf-8")
    results = json.loads((tmp_path / "out/results-seed-3.json").read_text(encoding="utf-8"))
    assert results["training"]["seed"] == 3
    assert results["audits"]["trained"]["primary"]["pvalue"] == values["trained", "pvalue"]
