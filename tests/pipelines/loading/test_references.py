import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines import api
from pipelines.loading.references import choose_references
from tests.pipelines.conftest import MANY_SITES
from watermark import assets
from watermark.assets import find_spacy, find_wordnet
from watermark.errors import VaultError
from watermark.safe_json import BoundsError
from watermark.vault.plan import check_fields, read_plan
from watermark.vault.vault import open_vault

NAME = "smollm2-135m"


@pytest.fixture
def plan(job):
    return replace(open_vault(job.vault, job.key_file).plan, public_references=(NAME,))


@pytest.fixture
def installed(job, tmp_path, monkeypatch):
    """Put the untrained twin of the suspect where a public model is looked for."""
    folder = tmp_path / "assets" / NAME
    shutil.copytree(job.other, folder)
    for name, found in {"spacy-en": find_spacy(), "wordnet": find_wordnet().parents[1]}.items():
        (tmp_path / "assets" / name).symlink_to(found)
    monkeypatch.setattr(assets, "PUBLIC_LANGUAGE_MODELS", (NAME,))
    monkeypatch.setenv("LEXIMARK_ASSETS", str(tmp_path / "assets"))
    (folder / assets.RECEIPT).write_text("{}")
    return folder


def test_what_is_named_goes_before_the_plan_and_the_plan_before_the_public_models(plan, installed):
    assert choose_references(("base",), plan).sources == {"base": "base"}
    assert choose_references((), plan).sources == {}
    assert choose_references(None, replace(plan, references=("b",))).sources == {"b": "b"}
    public = choose_references(None, plan)
    assert (public.sources, public.public) == ({NAME: str(installed)}, True)
    assert choose_references(None, replace(plan, public_references=())).sources == {}


def test_a_plan_without_the_rule_allows_the_public_models(plan, installed):
    old = choose_references(None, replace(plan, public_references=None))
    assert old.sources == {NAME: str(installed)}
    assert "the plan has no rule" in old.why


def test_a_model_that_is_not_installed_is_named_with_the_command(plan, tmp_path, monkeypatch):
    monkeypatch.setenv("LEXIMARK_ASSETS", str(tmp_path))
    chosen = choose_references(None, plan)
    assert chosen.sources == {}
    assert f"leximark assets --only {NAME}" in chosen.why


def marked(job, command, *options):
    made = ("--out", "published", "--vault", "vault", "--id-column", "id")
    done = command(
        "leximark", "mark", job.corpus, *made, "--key-file", job.key_file, *MANY_SITES, *options
    )
    assert done.status == 0, done.err
    return "--corpus", "vault", "--key-file", job.key_file, "--dtype", "float32"


def test_an_audit_uses_the_public_model_and_says_so(job, command, installed):
    given = (*marked(job, command), "--model", job.trained)
    assert json.loads(Path("vault/plan.json").read_text())["public_references"] == [NAME]
    done = command("verify", *given, "--json", "--out", "a")
    assert done.status == 0, done.err
    report = json.loads(done.out)
    assert report["primary"]["details"]["adjustment"][f"reference {NAME}"] > 0
    assert report["verdict"] == "trained on it"
    assert report["in_plan"], report["departures"]
    line = f"References: {NAME} (public models that are installed; the plan's rule)"
    assert line in Path("a/report.md").read_text()
    done = command("verify", *given, "--no-reference", "--out", "b")
    assert "References: none, turned off for this audit" in done.out
    assert f"Not in the plan: references: {NAME} planned, none used" in done.out


def test_a_public_model_that_is_the_suspect_is_left_out(job, command, installed):
    done = command("verify", *marked(job, command), "--model", installed)
    assert done.status == 0, done.err
    assert "References: none" in done.out
    assert "Verdict: no evidence" in done.out


def test_a_plan_without_references_is_kept(job, command, installed):
    given = marked(job, command, "--no-reference")
    done = command("verify", *given, "--model", job.trained)
    assert "References: none, as the plan says" in done.out
    done = command("verify", *given, "--model", job.trained, "--reference", job.other, "--out", "b")
    assert "Not in the plan: references: none planned" in done.out


def test_named_and_none_contradict_each_other(job, command):
    done = command("verify", "--corpus", job.vault, "--model", job.trained, "--no-reference",
                   "--reference", job.other)  # fmt: skip
    assert (done.status, "choose one of" in done.err) == (2, True)


def test_the_python_interface_uses_the_public_model_too(job, command, installed):
    marked(job, command)
    verdict = api.verify("vault", job.trained, key_file=job.key_file, n_resamples=9_999)
    assert f"reference {NAME}" in verdict.primary.details["adjustment"]
    bare = api.verify("vault", job.trained, (), key_file=job.key_file, n_resamples=9_999)
    assert f"reference {NAME}" not in bare.primary.details["adjustment"]
    same = api.verify("vault", installed, key_file=job.key_file, n_resamples=9_999)
    assert f"reference {NAME}" not in same.primary.details["adjustment"]


def test_a_rule_that_is_no_list_of_names_is_refused(job, tmp_path):
    shutil.copytree(job.vault, tmp_path / "vault")
    path = tmp_path / "vault/plan.json"
    fields = json.loads(path.read_text()) | {"public_references": [3]}
    with pytest.raises(BoundsError, match="public_references"):
        check_fields(fields)
    path.write_text(json.dumps(fields))
    with pytest.raises(VaultError, match="public_references"):
        read_plan(tmp_path / "vault")
