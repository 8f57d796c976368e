"""Every audit writes the page in two copies, and none is lost because its vault is read-only."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from pipelines.bundle.check_bundle import check, unpack
from pipelines.jobs.evidence import Evidence
from pipelines.jobs.verify import verify_command
from pipelines.loading.models import ModelOptions


def audit(job, vault, out, **evidence):
    return verify_command(
        vault, str(job.trained), (), out, ModelOptions(dtype="float32"), key_file=job.key_file,
        n_resamples=9_999, evidence=Evidence(**evidence),
    )  # fmt: skip


def test_both_copies_come_from_one_audit_and_only_one_shows_texts(job, tmp_path):
    shutil.copytree(job.vault, tmp_path / "vault")
    report = audit(
        job, tmp_path / "vault", tmp_path / "r", n_shown_sites=5, bundle=tmp_path / "case.zip"
    )
    private, shared = (
        (tmp_path / "r" / name).read_text() for name in ("report.html", "report-shareable.html")
    )
    assert private.count("<mark>") == 5
    assert "<mark>" not in shared
    assert unpack(tmp_path / "case.zip")["report.html"].decode() == shared
    words = {word for d in report.audit.observations.corpus.originals for word in d.text.split()}
    ids = set(report.audit.table.document_ids)
    assert any(f">{name}<" in private for name in ids)
    assert not any(f">{name}<" in shared for name in ids)
    assert len(words) > 100
    assert job.key_file.read_bytes().hex() not in private


@pytest.fixture
def read_only_vault(job):
    """A vault that this process may read and not write, even as root."""
    folder = Path(tempfile.mkdtemp())
    vault = folder / "vault"
    shutil.copytree(job.vault, vault)
    for path in (folder, vault, *vault.iterdir()):
        path.chmod(0o555 if path.is_dir() else 0o444)
    user = os.geteuid()
    yield vault
    if user == 0:
        os.seteuid(0)
    for path in (folder, vault):
        path.chmod(0o755)
    shutil.rmtree(folder)


def test_an_audit_of_a_read_only_vault_says_that_it_is_not_logged(job, read_only_vault, tmp_path):
    (read_only_vault / "custody.jsonl").unlink(missing_ok=True)
    key, model = Path(tempfile.mkdtemp()), Path(tempfile.mkdtemp())
    shutil.copy(job.key_file, key / "key")
    shutil.copytree(job.trained, model / "model")
    for path in (key, model, *model.rglob("*"), key / "key"):
        path.chmod(0o755)
    out = Path(tempfile.mkdtemp())
    out.chmod(0o777)
    if os.geteuid() == 0:
        os.seteuid(65534)
    report = verify_command(
        read_only_vault, str(model / "model"), (), out / "r", ModelOptions(dtype="float32"),
        key_file=key / "key", n_resamples=9_999, evidence=Evidence(bundle=out / "case.zip"),
    )  # fmt: skip
    assert report.beforehand.not_logged == "Permission denied"
    assert report.audit.verdict.words == "trained on it"
    page = (out / "r/report.html").read_text()
    assert "Not in the custody log (Permission denied)" in page
    assert "This audit is not in the custody log: Permission denied." in page
    assert check(out / "case.zip")
    assert not (read_only_vault / "custody.jsonl").exists()
