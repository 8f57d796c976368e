import json
import shutil

import pytest

from watermark.errors import VaultError
from watermark.vault.custody import CUSTODY, audit_settings, log_event, read_custody


@pytest.fixture
def vault(job_vault, tmp_path):
    shutil.copytree(job_vault, tmp_path / "vault")
    return tmp_path / "vault"


@pytest.fixture
def job_vault(tmp_path):
    folder = tmp_path / "made"
    folder.mkdir()
    plan = {
        "scheme": {"name": "leximark", "rule": "keyed"}, "test": "redraw", "detector": "loss",
        "detector_with_reference": "loss_minus_reference", "alpha": 0.001, "references": [],
        "holdout_share": 0.1,
        "corpus": {"n_documents": 1, "n_sites": 1, "n_changed": 0, "n_held_out": 0},
        "key_commitment": "ab" * 32, "made_with": {"leximark": "0.1.0"}, "schema": 1,
        "files": {"ledger.parquet": "ab" * 32, "documents.parquet": "ab" * 32},
    }  # fmt: skip
    (folder / "plan.json").write_text(json.dumps(plan))
    (folder / "commitment.txt").write_text("line\n")
    return folder


def settings(suspect, seed=0):
    return audit_settings(suspect, ["b", "a"], "redraw", 0.001, 99_999, seed)


def test_a_vault_without_a_log_has_no_audits(vault):
    log = read_custody(vault)
    assert (log.entries, log.head, log.audits_before(settings("x"))) == ((), "0" * 64, 0)


def test_the_first_line_says_what_the_vault_was_made_with(vault):
    log_event(vault, "stamped", "0.2.0", file="001.tsr")
    made, stamped = read_custody(vault).entries
    assert (made["event"], made["made_with"]) == ("made", {"leximark": "0.1.0"})
    assert (stamped["event"], stamped["program"]) == ("stamped", "0.2.0")


def test_other_audits_count_and_repetitions_do_not(vault):
    for suspect, seed in (("x", 0), ("x", 0), ("x", 1), ("y", 0)):
        log_event(vault, "audit", "0.2.0", settings=settings(suspect, seed), pvalue=0.5)
    log = read_custody(vault)
    assert log.audits_before(settings("x")) == 2
    assert log.audits_before(settings("z")) == 3


def test_the_same_settings_with_another_p_are_another_audit(vault):
    """A model that samples its answers may be asked until p is small; the log shows each try."""
    for pvalue in (0.5, 0.2, 0.2, 0.04):
        log_event(vault, "audit", "0.2.0", settings=settings("x"), pvalue=pvalue)
    log = read_custody(vault)
    assert log.audits_before(settings("x"), 0.04) == 2
    assert log.audits_before(settings("x"), 0.001) == 3
    assert log.audits_before(settings("x")) == 2  # before p is known: one of the three comes again
    assert log.audits_before(settings("y")) == 3


@pytest.mark.parametrize("how", ["changed", "removed", "moved", "cut", "no JSON"])
def test_no_line_can_be_altered(vault, how):
    for seed in range(4):
        log_event(vault, "audit", "0.2.0", settings=settings("x", seed), pvalue=0.5)
    path = vault / CUSTODY
    lines = path.read_bytes().splitlines(keepends=True)
    spoiled = {
        "changed": [*lines[:2], lines[2].replace(b"0.5", b"0.4"), *lines[3:]],
        "removed": [*lines[:2], *lines[3:]],
        "moved": [lines[0], lines[2], lines[1], *lines[3:]],
        "cut": [*lines[:-1], lines[-1][:-1]],
        "no JSON": [*lines, b"[" * 100_000 + b"\n"],
    }
    path.write_bytes(b"".join(spoiled[how]))
    with pytest.raises(VaultError, match=r"custody.jsonl:\d: the chain breaks here"):
        read_custody(vault)


@pytest.mark.parametrize(
    "entry",
    [
        {"event": "compromised"},
        {"event": "compromised", "owner_key": "ab", "time": 3},
        {"event": "compromised", "owner_key": ["ab"], "time": "2026"},
        {"event": "audit"},
        {"event": "audit", "settings": []},
        {"event": ["audit"]},
        {"event": None},
        [],
        "text",
    ],
)
def test_an_entry_without_its_fields_is_refused_though_the_chain_holds(vault, entry):
    line = {"previous": "0" * 64, **entry} if isinstance(entry, dict) else entry
    (vault / CUSTODY).write_text(json.dumps(line) + "\n")
    with pytest.raises(VaultError, match=r"custody.jsonl:1: the chain breaks here"):
        read_custody(vault)
