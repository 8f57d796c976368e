import filecmp
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipelines.jobs.verify import verify_command
from pipelines.loading.models import ModelOptions
from pipelines.reporting.report import summary_lines
from tests.pipelines.conftest import MANY_SITES
from tests.support.forged_vault import forge
from watermark.errors import PrerequisiteError

FILES = {
    "report.json",
    "report.md",
    "report.html",
    "report-shareable.html",
    "null.png",
    "null.svg",
    "scores.png",
    "scores.svg",
    "timing.json",
}


def audit(job, model, out, references=(), **settings):
    return verify_command(
        job.vault,
        str(model),
        tuple(map(str, references)),
        out,
        ModelOptions(dtype="float32"),
        key_file=job.key_file,
        **{"n_resamples": 9_999, **settings},
    )


def test_the_model_that_was_trained_is_found_and_the_other_is_not(job, tmp_path):
    found = audit(job, job.trained, tmp_path / "a").audit.verdict
    assert found.words == "trained on it"
    assert found.primary.test == "redraw"
    assert found.primary.pvalue == 1 / 10_000
    assert found.departures == ("number of re-draws: 99,999 by default, 9,999 used",)
    other = audit(job, job.other, tmp_path / "b").audit.verdict
    assert other.words == "no evidence"
    assert other.primary.pvalue > 0.001


def test_marks_that_nobody_drew_are_tested_by_the_withheld_documents_alone(job, command):
    made = ("--out", "published", "--vault", "vault", "--id-column", "id", "--rule", "published")
    done = command("leximark", "mark", job.corpus, *made)
    assert done.status == 0, done.err
    done = command(
        "verify", "--corpus", "vault", "--model", job.trained, "--json", "--dtype", "float32"
    )
    assert done.status == 0, done.err
    report = json.loads(done.out)
    assert report["primary"]["test"] == "holdout"
    assert "no word has alternatives" in report["skipped"]["redraw"]
    assert report["in_plan"]


def test_a_reference_is_taken_into_account(job, tmp_path):
    report = audit(job, job.trained, tmp_path / "a", [job.other], n_null_keys=200)
    details = report.audit.verdict.primary.details
    assert details["adjustment"][f"reference {job.other}"] > 0
    assert report.audit.verdict.is_evidence
    assert "loss_minus_reference" in report.audit.observations.scores
    assert report.null_pvalues is not None
    assert report.as_dict()["simulated_null"]["ks_pvalue"] > 0.001


def test_the_report_says_everything_needed_to_repeat_it(job, tmp_path):
    audit(job, job.trained, tmp_path / "report", alpha=0.01, seed=3, n_resamples=99_999)
    assert {p.name for p in (tmp_path / "report").iterdir()} == FILES
    report = json.loads((tmp_path / "report/report.json").read_text())
    assert report["verdict"] == "trained on it"
    assert report["departures"] == [
        "alpha: 0.001 planned, 0.01 used",
        "seed of the re-draws: 0 by default, 3 used",
    ]
    run = report["run"]
    assert run["versions"]["torch"]
    assert len(run["inputs"]["suspect"]["fingerprint"]) == 64
    assert "float32 on cpu" in run["inputs"]["suspect"]["settings"]
    assert run["seeds"] == {"resampling": 3}
    page = (tmp_path / "report/report.md").read_text()
    assert page.startswith("> **Not fixed beforehand: no valid time stamp")
    assert "\n# Trained on it\n" in page
    assert next(iter(report)) == "beforehand"
    assert "can be made up afterwards" in report["beforehand"]["warnings"][0]
    assert report["primary"]["basis"] in page
    assert re.search(r"; minimum detectable effect 0\.\d+ \(80 % power\)", page)
    assert "means that the model was not trained" in page


def test_a_test_that_the_report_never_heard_of_speaks_for_itself(job, tmp_path):
    report = audit(job, job.other, tmp_path / "report")
    verdict = report.audit.verdict
    new = replace(verdict.primary, test="new", title="new test", basis="Based on one look")
    verdict = replace(verdict, primary=new, skipped={"newer": "newer test: no data"})
    report = replace(report, audit=replace(report.audit, verdict=verdict))
    lines = list(summary_lines(report))
    first = lines.index("Verdict: no evidence")
    assert lines[first + 1].startswith("new test, p = ")
    assert lines[first + 2] == "Based on one look"
    assert "Not run: newer test: no data" in lines


def test_no_key_material_is_in_a_report(job, tmp_path):
    audit(job, job.trained, tmp_path / "report")
    secret = job.key_file.read_bytes()
    for path in (tmp_path / "report").iterdir():
        content = path.read_bytes()
        assert secret not in content
        assert secret.hex().encode() not in content


def test_two_audits_write_the_same_bytes(job, tmp_path):
    audit(job, job.other, tmp_path / "a")
    audit(job, job.other, tmp_path / "b")
    assert_same_reports(tmp_path / "a", tmp_path / "b")


def assert_same_reports(one, other):
    for name in FILES - {"timing.json"}:
        assert filecmp.cmp(one / name, other / name, shallow=False), name


def test_an_existing_report_is_never_replaced(job, tmp_path, command):
    (tmp_path / "report").mkdir()
    done = command("verify", "--corpus", job.vault, "--model", job.trained)
    assert done.status == 2
    assert "report: exists already" in done.err


def test_status_and_json_are_for_machines(job, command):
    common = ["--corpus", job.vault, "--key-file", job.key_file, "--json", "--exit-code"]
    done = command("verify", *common, "--model", job.trained, "--out", "a")
    assert done.status == 3, done.err
    assert json.loads(done.out)["verdict"] == "trained on it"
    done = command("verify", *common, "--model", job.other, "--out", "b")
    assert done.status == 0, done.err
    assert json.loads(done.out)["verdict"] == "no evidence"


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("no vault", "not a vault"),
        ("altered ledger", "ledger.parquet: altered"),
        ("wrong key", "not the key that"),
        ("no key", "--key-file"),
        ("no model", "is not a model folder"),
        ("pickle", "a pickle that could run any code"),
        ("own code", "custom code"),
        ("no tokenizer", "tokenizer"),
        ("NaN", "not finite numbers"),
    ],
)
def test_bad_input_is_one_message_and_leaves_nothing(job, tmp_path, command, what, words):
    done = command("verify", *bad_input(what, job, tmp_path), "--out", "report")
    assert done.status == 2, done.err
    assert words in done.err
    assert len(done.err.strip().splitlines()) == 1
    assert not (tmp_path / "report").exists()


def bad_input(what, job, tmp_path):
    """Spoil a copy of everything in one way; return the arguments for `verify`."""
    vault, model, key = tmp_path / "vault", tmp_path / "model", tmp_path / "key"
    shutil.copytree(job.vault, vault)
    shutil.copytree(job.trained, model)
    shutil.copy(job.key_file, key)
    spoil = {
        "no vault": lambda: (vault / "plan.json").unlink(),
        "altered ledger": lambda: (vault / "ledger.parquet").write_bytes(b"x"),
        "wrong key": lambda: key.write_bytes(bytes(32)),
        "no key": key.unlink,
        "no model": lambda: [path.unlink() for path in model.iterdir()],
        "pickle": lambda: (model / "model.safetensors").rename(model / "pytorch_model.bin"),
        "own code": lambda: edit_json(model / "config.json", auto_map={"AutoModel": "m.Evil"}),
        "no tokenizer": lambda: [path.unlink() for path in model.glob("tokenizer*")],
        "NaN": lambda: spoil_weights(model / "model.safetensors"),
    }
    spoil[what]()
    arguments = ["--corpus", vault, "--model", model]
    return [*arguments, "--key-file", key] if key.exists() else arguments


def edit_json(path, **fields):
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


def spoil_weights(path):
    from safetensors.torch import load_file, save_file

    weights = load_file(path)
    weights["gpt_neox.final_layer_norm.weight"][:] = float("nan")
    save_file(weights, path, metadata={"format": "pt"})


@pytest.mark.slow
def test_a_verify_that_was_killed_ten_times_ends_as_if_it_had_not(job, tmp_path):
    def start(out):
        code = "from pipelines.cli import verify_main; verify_main()"
        common = ["--corpus", job.vault, "--key-file", job.key_file, "--model", job.trained]
        return subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", code, *map(str, common), "--out", out],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": os.getcwd()},
            stdout=subprocess.DEVNULL,
        )

    (tmp_path / "whole").mkdir()
    (tmp_path / "cut").mkdir()
    began = time.monotonic()
    assert start("whole/report").wait() == 0
    seconds = time.monotonic() - began
    rng = np.random.default_rng(0)
    for _ in range(10):
        process = start("cut/report")
        time.sleep(rng.uniform(0, seconds))
        process.send_signal(signal.SIGKILL)
        process.wait()
        if (tmp_path / "cut/report").exists():
            break
    if not (tmp_path / "cut/report").exists():
        assert start("cut/report").wait() == 0
    whole, cut = tmp_path / "whole/report", tmp_path / "cut/report"
    for name in FILES - {"timing.json", "report.json", "report.md", "report.html"}:
        assert filecmp.cmp(whole / name, cut / name, shallow=False), name
    for name in ("report.json", "report.md", "report.html"):  # the command names another folder
        one, two = ((folder / name).read_text() for folder in (whole, cut))
        assert one.replace("whole/report", "cut/report") == two
    assert sorted(p.name for p in (tmp_path / "cut").iterdir()) == ["report"]


@pytest.mark.parametrize("alpha", ["0", "1", "0.5"])
def test_levels_that_are_none_are_refused(job, command, alpha):
    arguments = ["--corpus", job.vault, "--key-file", job.key_file, "--model", job.other]
    done = command("verify", *arguments, "--alpha", alpha)
    assert (done.status, "alpha" in done.err, "0.5" in done.err) == (2, True, True)


def test_a_reference_that_is_the_suspect_is_refused(job, tmp_path):
    with pytest.raises(PrerequisiteError, match="is the suspect itself"):
        audit(job, job.other, tmp_path / "report", (job.other,))


def test_a_file_in_the_way_is_one_message(job, command, tmp_path):
    (tmp_path / "file").write_text("")
    arguments = ["--corpus", job.vault, "--key-file", job.key_file, "--model", job.other]
    done = command("verify", *arguments, "--out", "file/report")
    assert done.status == 2
    assert "file" in done.err


def test_a_plan_may_ask_for_both_randomisations_in_one_p_value(job, command):
    made = ("--out", "published", "--vault", "vault", "--id-column", "id", "--test", "combined")
    done = command("leximark", "mark", job.corpus, *made, "--key-file", job.key_file, *MANY_SITES)
    assert done.status == 0, done.err
    given = ("--corpus", "vault", "--key-file", job.key_file, "--model", job.trained)
    done = command("verify", *given, "--json", "--dtype", "float32", "--resamples", "9999")
    report = json.loads(done.out)
    primary = report["primary"]
    assert (primary["test"], report["verdict"]) == ("combined", "trained on it")
    assert primary["details"]["redraw_pvalue"] == 1e-4
    assert primary["pvalue"] < primary["details"]["redraw_pvalue"]
    assert "Fisher" in Path("report/report.md").read_text()


@pytest.mark.parametrize("field", ["detector", "detector_with_reference"])
@pytest.mark.parametrize("model", ["nowhere", "chat+http://127.0.0.1:9/v1#m"])
def test_a_plan_with_an_unknown_detector_is_refused_before_a_model_is_opened(
    job, command, tmp_path, field, model
):
    shutil.copytree(job.vault, tmp_path / "vault")
    forge(
        tmp_path / "vault", plan=lambda fields: fields.update({field: "made up"}),
        key_file=job.key_file,
    )  # fmt: skip
    said = command("verify", "--corpus", "vault", "--model", model, "--key-file", job.key_file)
    assert (said.status, said.out) == (2, "")
    assert len(said.err.splitlines()) == 1
    assert "plans the detector 'made up', which is unknown; there are loss" in said.err
    assert model not in said.err
