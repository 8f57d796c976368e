"""The level of an audit among all audits of a vault."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binomtest

from membership.audit.audit import Settings, audit
from membership.detectors import default_detectors
from pipelines.jobs.evidence import NOTHING_MORE, Evidence, begin_audit, share_of_level
from pipelines.loading.models import ModelOptions, load_model
from watermark.vault.custody import CustodyLog
from watermark.vault.vault import open_vault

OLD = Path(__file__).parents[2] / "fixtures/written_by_20fc137"


@pytest.fixture
def own_vault(tmp_path):
    """A copy, whose custody log may be written."""
    return shutil.copytree(OLD / "vault", tmp_path / "vault")


def logged(settings, pvalue):
    return {"event": "audit", "settings": settings, "pvalue": pvalue}


def of(suspect):
    return lambda level: {"suspect": suspect, "alpha": level}


def with_audit(log, settings, pvalue):
    return CustodyLog(log.content, (*log.entries, logged(settings, pvalue)))


def test_the_shares_of_all_audits_add_up_to_less_than_the_level():
    log, spent = CustodyLog(), 0.0
    for k in range(1, 200):
        level = share_of_level(0.05, log, of(str(k)))
        assert level == pytest.approx(0.05 / (k * (k + 1)))
        spent += level
        log = with_audit(log, of(str(k))(level), 0.5)
    assert 0.049 < spent < 0.05


def test_an_audit_that_is_repeated_keeps_its_share_and_one_that_may_differ_gets_another():
    log = with_audit(CustodyLog(), of("a")(0.05 / 2), 0.3)
    log = with_audit(log, of("b")(0.05 / 6), 0.4)
    assert share_of_level(0.05, log, of("a")) == 0.05 / 2
    assert share_of_level(0.05, log, of("b")) == 0.05 / 6
    assert share_of_level(0.05, log, of("c")) == 0.05 / 12
    asked_anew = share_of_level(0.05, log, lambda level: {})
    assert asked_anew == 0.05 / 12


@pytest.mark.parametrize("is_sampled", [False, True])
def test_whoever_audits_until_one_succeeds_is_wrong_no_more_often_than_the_level(is_sampled):
    """Each audit is of another innocent model, or asks the same one anew; 40 tries at most."""
    rng, wrong, n_owners = np.random.default_rng(3), 0, 800
    for _ in range(n_owners):
        log = CustodyLog()
        for k in range(40):
            settings = (lambda level: {}) if is_sampled else of(str(k))
            level = share_of_level(0.05, log, settings)
            pvalue = rng.integers(1, 100_001) / 100_000
            if pvalue <= level:
                wrong += 1
                break
            log = with_audit(log, of("same" if is_sampled else str(k))(level), pvalue)
    assert binomtest(wrong, n_owners, 0.05, alternative="greater").pvalue > 0.001


def begun(vault, model, fingerprint="f", **settings):
    opened = open_vault(vault, OLD / "owner.key")
    return begin_audit(
        opened, Evidence(family=True), model, fingerprint, (),
        alpha=0.05, n_resamples=999, seed=0, **settings,
    )  # fmt: skip


def test_only_a_model_that_is_run_from_files_can_repeat_an_audit(own_vault):
    levels: list[float] = []
    for model in ("a-folder", "a-folder", "openai+http://localhost/v1#m", "", ""):
        record = begun(own_vault, model)
        record.conclude("redraw", 0.5 + len(levels) / 100 * (model != "a-folder"))
        levels.append(record.level)
    assert levels == [0.05 / 2, 0.05 / 2, 0.05 / 6, 0.05 / 12, 0.05 / 20]


def test_an_audit_of_editions_does_not_repeat_one_of_the_vault(own_vault):
    record = begun(own_vault, "a-folder")
    record.conclude("redraw", 0.5)
    for expected in (0.05 / 6, 0.05 / 6):
        record = begun(own_vault, "a-folder", test="editions")
        record.conclude("editions", 0.5)
        assert record.level == expected


def test_a_model_without_files_gets_no_date_from_the_folder_one_works_in(
    own_vault, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "note.txt").write_text("of today")
    opened = open_vault(own_vault, OLD / "owner.key")
    record = begin_audit(
        opened, NOTHING_MORE, "", "f", (), alpha=None, n_resamples=999, seed=0
    )  # fmt: skip
    assert record.conclude("redraw", 0.5).files_date is None
    lines = (own_vault / "custody.jsonl").read_text().splitlines()
    assert json.loads(lines[-1])["pvalue"] == 0.5


@pytest.mark.parametrize("test", ["redraw", "holdout", "combined"])
def test_a_reference_that_learned_the_text_is_named_whatever_the_primary_test_is(job, test):
    vault = open_vault(job.vault, job.key_file)
    planned = replace(vault, plan=replace(vault.plan, test=test))
    options = ModelOptions(dtype="float32")
    suspect, learned = (load_model(str(model), options) for model in (job.other, job.trained))
    settings = Settings(n_resamples=999)
    found = audit(planned, suspect, {"base": learned}, default_detectors(), settings)
    assert found.verdict.primary.test == test
    (caution,) = found.verdict.primary.cautions
    assert caution.startswith("Reference base depends on the key itself")
