import json
import shutil
from dataclasses import replace

import pytest

from pipelines.instalments.instalments import instalments_command, verify_instalments_command
from pipelines.loading.models import ModelOptions
from tests.support.tiny import edit_json
from watermark.errors import ToolkitError, VaultError
from watermark.keys import new_key, write_key

OPTIONS = ModelOptions(dtype="float32")


def audit(stream, out, names=(), **settings):
    return verify_instalments_command(
        stream.vault, str(stream.model), (), out, OPTIONS, names=names,
        **{"n_resamples": 9_999, **settings},
    )  # fmt: skip


def test_instalments_are_tested_together_and_one_after_the_other(stream, tmp_path):
    report = audit(stream, tmp_path / "r")
    verdict = report.audit.verdict
    assert verdict.primary.pvalue < 0.05  # one of three instalments was trained on
    assert verdict.primary.title == "re-draw test over 3 instalments"
    (bets,) = verdict.others
    by_name = {row["instalment"]: row for row in bets.details["instalments"]}
    assert list(by_name) == ["first", "one", "two"]
    assert by_name["two"]["zscore"] > 3 > abs(by_name["one"]["zscore"])
    assert bets.pvalue < 0.05
    written = json.loads((tmp_path / "r/report.json").read_text())
    assert written["primary"]["details"]["instalments"] == ["first", "one", "two"]
    assert len(bets.path) == 3
    again = audit(stream, tmp_path / "s")
    assert again.audit.verdict.primary.pvalue == verdict.primary.pvalue


def test_another_release_of_the_model_is_said_to_be_a_test_of_its_own(stream, tmp_path):
    first = audit(stream, tmp_path / "r")
    assert first.audit.verdict.primary.cautions == ()
    assert audit(stream, tmp_path / "s").audit.verdict.primary.cautions == ()  # the same model
    release = shutil.copytree(stream.model, tmp_path / "release")
    edit_json(release / "config.json", release=2)
    later = audit(replace(stream, model=release), tmp_path / "t")
    (caution,) = later.audit.verdict.primary.cautions
    assert caution.startswith("The custody log names 1 other model audited with these instalments")
    assert f"Caution: {caution}" in list(later.lines())


def test_departures_are_named_for_instalments_too(stream, tmp_path):
    said = audit(stream, tmp_path / "r", alpha=0.01, seed=2).audit.verdict.departures
    assert "alpha: 0.001 planned, 0.01 used" in said
    assert "seed of the re-draws: 0 by default, 2 used" in said
    assert "number of re-draws: 99,999 by default, 9,999 used" in said


def test_named_instalments_are_tested_alone(stream, tmp_path):
    alone = audit(stream, tmp_path / "r", ["two"])
    assert alone.audit.verdict.is_evidence
    assert any("all by default, 1 named" in d for d in alone.audit.verdict.departures)
    assert audit(stream, tmp_path / "s", ["one"]).audit.verdict.primary.pvalue > 0.001
    with pytest.raises(VaultError, match=r"no instalment 'tow'.*such as two"):
        audit(stream, tmp_path / "t", ["tow"])


def test_instalments_of_a_compromised_key_are_left_out_and_the_report_says_so(stream, tmp_path):
    listed = instalments_command(stream.vault, compromised="two")
    assert all(each.compromised for each in listed)  # they have one owner's key
    with pytest.raises(ToolkitError, match="marked as compromised"):
        audit(stream, tmp_path / "r")
    assert instalments_command(stream.vault, compromised="one") == listed  # once is enough


def test_a_chain_with_a_slipped_in_removed_or_changed_instalment_is_refused(stream, tmp_path):
    parts = stream.vault / "instalments"
    saved = shutil.copytree(parts, tmp_path / "saved")

    def is_refused(match):
        with pytest.raises(VaultError, match=match):
            audit(stream, tmp_path / "r")
        shutil.rmtree(parts)
        shutil.copytree(saved, parts)

    shutil.rmtree(parts / "one")
    is_refused("number 1 is missing")
    shutil.copytree(parts / "one", parts / "slipped")
    is_refused("binds another chain.json")
    link = parts / "two/chain.json"
    link.write_text(link.read_text().replace('"number": 2', '"number": 3'))
    is_refused("binds another chain.json")
    (parts / "one/commitment.txt").write_text("another\n")
    is_refused("follows another commitment")
    (parts / "two/chain.json").unlink()
    is_refused("cannot be read")


def test_a_key_that_does_not_follow_from_the_owners_is_refused(stream, tmp_path):
    (stream.vault / "key").rename(tmp_path / "away")
    write_key(stream.vault / "key", new_key())
    with pytest.raises(VaultError, match="not the key that"):
        audit(stream, tmp_path / "r", ["first"])
    (stream.vault / "key").unlink()
    said = audit(stream, tmp_path / "r", ["one", "two"]).audit.verdict.primary.left_out
    assert any("Not checked: whether the keys of 2 instalments" in line for line in said)
