"""Files that older code wrote are read, and say the same; see tests/fixtures/README.md."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from membership.models.local.huggingface import HuggingFaceModel
from pipelines.reporting.score_file import read_scores
from watermark.document import restore
from watermark.vault.vault import open_vault

OLD = Path(__file__).parents[1] / "fixtures/written_by_20fc137"


@pytest.fixture
def old(tmp_path):
    """Copy the files: a cache may be added to."""
    return shutil.copytree(OLD, tmp_path / "old")


def test_an_old_vault_opens_with_its_key_and_restores_the_originals():
    vault = open_vault(OLD / "vault", OLD / "owner.key")
    originals = {row.id: row.original for row in vault.documents()}
    marked = {row.id: found for row, found in vault.marked()}
    assert {name: restore(found).text for name, found in marked.items()} == originals
    assert (vault.plan.alpha, vault.plan.test, len(originals)) == (0.01, "redraw", 12)
    assert sum(found.document.text != originals[name] for name, found in marked.items()) > 3


def test_an_old_vault_is_verified_to_the_same_p_from_the_old_cache(old, command, monkeypatch):
    def fail(*_):
        pytest.fail("a text that the cache has was run again")

    monkeypatch.setattr(HuggingFaceModel, "trace", fail)
    done = command(
        *("verify", "--corpus", old / "vault", "--key-file", old / "owner.key"),
        *("--model", old / "suspect", "--cache", old / "traces", "--resamples", 999),
        *("--dtype", "float32", "--device", "cpu", "--json"),
    )
    assert done.status == 0, done.err
    found, wanted = json.loads(done.out), json.loads((OLD / "report.json").read_text())
    assert wanted["verdict"] == "no evidence"  # before there was a third outcome
    assert found["verdict"] == "cannot tell"
    for name, value in wanted["primary"].items():
        assert found["primary"][name] == (
            value if isinstance(value, str) else pytest.approx(value, rel=1e-9)
        )
    (holdout,) = [result for result in found["others"] if result["test"] == "holdout"]
    assert {name: holdout[name] for name in wanted["holdout"]} == wanted["holdout"]
    assert found["primary"]["details"]["n_sites"] == wanted["n_sites"]


NEW = OLD.parent / "vault_of_format_2"


def test_a_vault_of_format_2_is_verified_to_the_same_p(old, tmp_path, command):
    vault = shutil.copytree(NEW / "vault", tmp_path / "vault")  # the custody log is written to
    done = command(
        *("verify", "--corpus", vault, "--key-file", old / "owner.key"),
        *("--model", old / "suspect", "--resamples", 999, "--cache", tmp_path / "traces"),
        *("--dtype", "float32", "--device", "cpu", "--json"),
    )
    assert done.status == 0, done.err
    found, wanted = json.loads(done.out), json.loads((NEW / "report.json").read_text())
    assert found["verdict"] == "cannot tell"  # of few draws more was claimed before
    for name, value in wanted["primary"].items():
        assert found["primary"][name] == (
            value if isinstance(value, str) else pytest.approx(value, rel=1e-4)
        )
    (holdout,) = [result for result in found["others"] if result["test"] == "holdout"]
    assert {name: holdout[name] for name in wanted["holdout"]} == wanted["holdout"]
    details = found["primary"]["details"]
    assert (details["n_sites"], details["n_draws"]) == (wanted["n_sites"], wanted["n_draws"])
    draws = {mark.draw for mark in open_vault(vault, old / "owner.key").marks()}
    assert "#2/3" in "".join(draws)  # pairs with several coins


def test_an_old_model_still_has_the_fingerprint_that_the_cache_knows_it_by(old, command):
    done = command("leximark", "cache", "--cache", old / "traces", "--json")
    (model,) = json.loads(done.out)["models"]
    assert (model["name"], model["n_texts"]) == ("suspect", 18)


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
def test_old_score_files_are_read(ending):
    lines = (OLD / "scores.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    table = read_scores(OLD / f"scores.{ending}")
    assert table.texts == tuple(row["text"] for row in rows)
    assert [str(columns["member"]) for columns in table.columns] == [
        str(row["member"]) for row in rows
    ]
    assert list(table.scores) == ["loss", "min_k", "zlib"]
    for name, scores in table.scores.items():
        wanted = [np.nan if row[name] is None else row[name] for row in rows]
        np.testing.assert_allclose(scores, wanted, rtol=1e-12)
        assert np.isnan(scores[-1])  # the empty text
