import json

import pytest

from pipelines.experiments.dcpdd_benchmarks import (
    BENCHMARKS,
    CHINESE_WEB,
    EXPERIMENT,
    frequencies,
    measure_benchmark,
)
from pipelines.experiments.requirements import missing
from pipelines.loading.labelled import read_records
from pipelines.loading.models import ModelOptions
from tests.support.tiny import TEXTS, save_tiny_model


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setenv("LEXIMARK_DATA", str(tmp_path / "data"))
    rows = [{"input": f"{text} {i}", "label": i % 2} for i, text in enumerate(list(TEXTS) * 4)]
    for name, some in (("swj0419/WikiMIA", rows), ("allenai/c4", [{"text": t} for t in TEXTS])):
        path = tmp_path / "data" / f"{name}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(row) + "\n" for row in some), encoding="utf-8")
    return tmp_path


def test_a_benchmark_is_scored_from_local_files_of_its_form(data):
    model = str(save_tiny_model(data / "model"))
    table = frequencies("allenai/c4", model, data / "work")
    records = read_records(str(data / "data/swj0419/WikiMIA.jsonl"), "wikimia")
    found = list(measure_benchmark(records, model, table, 0, ModelOptions(dtype="float32")))
    aurocs = {m.of: m for m in found if m.name == "auroc"}
    assert {"loss", "min_k_plus_plus", "dc_pdd", "blind"} <= aurocs.keys()
    assert all(m.n == len(records) and 0 <= m.value <= 1 for m in aurocs.values())
    assert frequencies("allenai/c4", model, data / "work") == table  # not counted again


def test_the_benchmarks_are_those_of_the_paper(tmp_path):
    assert list(BENCHMARKS) == [
        *(f"WikiMIA {n}" for n in (32, 64, 128, 256)), "BookMIA", "PatentMIA"
    ]  # fmt: skip
    row = {"benchmark": "BookMIA", "model": "m", "seed": 0, "of": "blind", "n": 9, "at": 0}
    rows = [
        {**row, "measure": "auroc", "value": 0.9},
        {**row, "measure": "tpr_at_5_fpr", "value": 0.5},
    ]
    assert "| blind | 0.900 / 0.500 |" in EXPERIMENT.describe(rows, tmp_path)


def test_a_corpus_that_the_hub_has_in_no_fixed_files_must_be_at_hand(tmp_path, monkeypatch):
    monkeypatch.setenv("LEXIMARK_DATA", str(tmp_path))
    wanted = f"data set {CHINESE_WEB}: put a copy into the folder"
    assert wanted in "\n".join(missing(EXPERIMENT.needs))
    copy = tmp_path / f"{CHINESE_WEB}.jsonl"
    copy.parent.mkdir(parents=True)
    copy.write_text('{"text": ""}\n')
    assert wanted not in "\n".join(missing(EXPERIMENT.needs))
