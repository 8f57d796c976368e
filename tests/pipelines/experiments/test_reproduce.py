import json

import pytest

from pipelines.experiments.catalogue import EXPERIMENTS
from pipelines.experiments.runner.records import read_table


@pytest.fixture(scope="module")
def smoke(tmp_path_factory):
    return tmp_path_factory.mktemp("reproduce") / "smoke"


def test_the_miniature_runs_to_its_page_and_finds_the_marks(smoke, command):
    done = command("leximark", "reproduce", "smoke", "--out", smoke)
    assert done.status == 0, done.err
    rows = read_table(smoke / "table.parquet")
    values = {(r["arm"], r["measure"], r["of"]): r["value"] for r in rows}
    assert values["keyed word", "pvalue", "redraw"] < 0.001
    assert values["none", "auroc", "loss_minus_reference"] > 0.8
    assert ("none", "pvalue", "redraw") not in values
    page = (smoke / "README.md").read_text(encoding="utf-8")
    assert "| loss_minus_reference |" in page


def test_a_folder_that_exists_needs_resume_and_a_lost_record_is_made_again(smoke, command):
    assert "--resume" in command("leximark", "reproduce", "smoke", "--out", smoke).err
    table = (smoke / "table.parquet").read_bytes()
    lost = sorted((smoke / "cells").iterdir())[0]
    numbers = json.loads(lost.read_text(encoding="utf-8"))["measures"]
    lost.unlink()
    again = command("leximark", "reproduce", "smoke", "--out", smoke, "--resume", "--json")
    assert again.status == 0, again.err
    assert json.loads(again.out) == {
        "experiment": "smoke",
        "cells": 2,
        "table": str(smoke / "table.parquet"),
        "page": str(smoke / "README.md"),
    }
    assert "arm=" in again.err
    assert json.loads(lost.read_text(encoding="utf-8"))["measures"] == numbers
    assert (smoke / "table.parquet").read_bytes() == table


def test_a_dry_run_lists_the_cells_and_runs_nothing(command, tmp_path):
    done = command(
        "leximark", "reproduce", "smoke", "--dry-run", "--seeds", "2", "--only", "seed=1"
    )
    assert done.status == 0
    assert done.out.splitlines() == [
        "smoke: corpus=documentation, arm=none, seed=1",
        "smoke: corpus=documentation, arm=keyed word, seed=1",
        "2 cells",
        "nothing is missing",
    ]
    machine = command("leximark", "reproduce", "smoke", "--dry-run", "--json", "--only", "arm=none")
    assert json.loads(machine.out) == {
        "cells": [{"corpus": "documentation", "arm": "none", "seed": 0}],
        "missing": [],
    }
    assert not list(tmp_path.iterdir())


def test_the_list_says_what_each_needs(command):
    done = command("leximark", "reproduce", "--list")
    assert "laptop" in done.out
    assert "leximark assets --only smollm2-135m" in done.out
    machine = json.loads(command("leximark", "reproduce", "--list", "--json").out)
    assert [row["name"] for row in machine] == list(EXPERIMENTS)
    needs = {row["name"]: row["needs"] for row in machine}
    assert "smollm2-135m" in needs["laptop"]["assets"]


def test_what_is_missing_is_named_before_anything_runs(command, tmp_path, monkeypatch):
    monkeypatch.setenv("LEXIMARK_ASSETS", str(tmp_path / "empty"))
    done = command("leximark", "reproduce", "laptop", "--dry-run")
    assert done.status == 2
    assert "leximark assets" in done.err
    assert not (tmp_path / "laptop").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing"], "there are smoke, laptop"),
        (["smoke", "--only", "arm"], "want SETTING=VALUE"),
        (["smoke", "--only", "colour=red"], "no such setting; there are corpus, arm, seed"),
        (["smoke", "--only", "arm=red"], "arm is one of none, keyed word"),
    ],
)
def test_a_wrong_request_says_what_there_is(command, arguments, said):
    done = command("leximark", "reproduce", *arguments)
    assert done.status == 2
    assert said in done.err
