"""Every command that opens a vault says when other users can read its key."""

import shutil

import pytest

from pipelines import api
from tests.support.forged_vault import forge

SAID = "other users of this machine can read the key; chmod 600"


@pytest.fixture
def shown(job, tmp_path):
    """Return a vault with its key, which everybody can read, beside its published texts."""
    vault = tmp_path / "vault"
    shutil.copytree(job.vault, vault)
    shutil.copytree(job.vault.with_name("published"), tmp_path / "published")
    shutil.copy(job.key_file, vault / "key")
    (vault / "key").chmod(0o644)
    return vault


COMMANDS = {
    "verify": ("verify", "--corpus", "vault", "--model", "nowhere"),
    "verify by answers": (
        "verify", "--corpus", "vault", "--model", "chat+http://h/v1#m", "--dry-run",
    ),
    "inspect": ("leximark", "inspect", "vault"),
    "review": (
        "leximark", "review", "vault", "--published", "published", "--approve", "none.csv",
        "--out", "new", "--vault-out", "new-vault",
    ),
    "challenge": ("leximark", "challenge", "vault", "--out", "challenge"),
    "judge": ("leximark", "judge", "vault", "nowhere"),
}  # fmt: skip


@pytest.mark.parametrize("name", COMMANDS)
def test_a_key_that_others_can_read_is_said_once_on_stderr(command, shown, name):
    (shown.parent / "none.csv").write_text("document_id,start,original,candidates\n")
    said = command(*COMMANDS[name])
    assert said.err.count(SAID) == 1
    assert SAID not in said.out
    assert f"{shown.name}/key" in said.err
    (shown / "key").chmod(0o600)
    for folder in ("challenge", "new", "new-vault", "inspection"):
        shutil.rmtree(shown.parent / folder, ignore_errors=True)
    assert SAID not in command(*COMMANDS[name]).err


def test_a_key_in_a_file_of_its_own_is_looked_at_too(command, job, tmp_path):
    shutil.copy(job.key_file, tmp_path / "key")
    (tmp_path / "key").chmod(0o640)
    said = command("leximark", "inspect", job.vault, "--key-file", "key")
    assert said.status == 0
    assert "leximark: key: other users" in said.err


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("field", ["detector", "detector_with_reference"])
def test_a_plan_with_an_unknown_detector_is_refused_by_every_command(command, shown, name, field):
    (shown.parent / "none.csv").write_text("document_id,start,original,candidates\n")
    forge(shown, plan=lambda fields: fields.update({field: "Loss"}))
    said = command(*COMMANDS[name])
    assert (said.status, said.out) == (2, "")
    assert "plans the detector 'Loss', which is unknown; there are loss" in said.err


@pytest.mark.parametrize("alpha", ["0", "0.5", "1"])
def test_a_level_that_is_no_level_is_refused_for_models_that_answer_too(command, shown, alpha):
    asked = ("verify", "--corpus", "vault", "--model", "chat+http://127.0.0.1:9/v1#m")
    said = command(*asked, "--alpha", alpha)
    assert (said.status, said.out) == (2, "")
    assert "alpha" in said.err
    assert "0.5" in said.err


def test_a_notebook_is_told_too(shown, capsys):
    api.inspect(shown, sample=1)
    assert capsys.readouterr().err.count(SAID) == 1
