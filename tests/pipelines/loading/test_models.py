import filecmp
import json
from itertools import islice

import numpy as np
import pytest

from membership.models.local.huggingface import HuggingFaceModel
from pipelines.jobs.mark import make_intent, mark_command
from pipelines.jobs.verify import verify_command
from pipelines.loading import models as suspects
from pipelines.loading.embedded_text import paragraphs
from pipelines.loading.models import ModelOptions, load_model
from tests.membership.models.local.test_adapter import make_adapter
from tests.support.fake_server import serve
from tests.support.tiny import save_tiny_model
from tests.support.tiny_gguf import save_tiny_gguf
from watermark.schemes.look_alikes import LookAlikes


def audit(job, model, out, references=(), **options):
    return verify_command(
        job.vault,
        str(model),
        tuple(map(str, references)),
        out,
        ModelOptions(dtype="float32", **options),
        key_file=job.key_file,
        n_resamples=9_999,
    )


def test_behind_a_server_the_verdict_is_that_of_the_local_model(job, tmp_path):
    local = audit(job, job.trained, tmp_path / "local", start_token="none").audit
    with serve(job.trained, max_model_len=256) as fake:
        address = f"openai+{fake.url}#tiny"
        remote = audit(job, address, tmp_path / "remote", cache=tmp_path / "cache").audit
        n_requests = len(fake.requests)
        again = audit(job, address, tmp_path / "again", cache=tmp_path / "cache").audit
        assert len(fake.requests) - n_requests < 20  # the probe and nothing else
    assert remote.verdict.words == local.verdict.words == "trained on it"
    assert remote.verdict.primary.test == "redraw"
    assert "needs moments" in remote.observations.unable["min_k_plus_plus"]
    (beside,) = remote.verdict.others
    assert (beside.test, beside.detectors) == ("holdout", ("loss",))
    assert again.verdict.primary.statistic == remote.verdict.primary.statistic
    assert dict(remote.table.unusable) == dict(local.table.unusable)
    assert remote.table.draws == local.table.draws
    assert np.corrcoef(remote.table.score[:, 0], local.table.score[:, 0])[0, 1] > 0.999
    # Longer texts are cut into windows, by tokens here and by characters there.
    fits = np.array([len(d.text) < 450 for d in local.observations.corpus.documents])
    assert fits.sum() > 50
    for name in ("loss", "zlib", "min_k"):
        ours, theirs = (
            np.array([score.value for score in each.observations.scores[name]])[fits]
            for each in (remote, local)
        )
        np.testing.assert_allclose(ours, theirs, atol=1e-3)


def test_a_second_verify_runs_no_model_and_writes_the_same(job, tmp_path, command, monkeypatch):
    arguments = ["--corpus", job.vault, "--key-file", job.key_file, "--model", job.trained]
    arguments += ["--reference", job.other, "--dtype", "float32", "--cache", tmp_path / "cache"]
    done = command("verify", *arguments, "--out", "first")
    assert done.status == 0, done.err
    monkeypatch.setattr(suspects, "load_huggingface", None)
    monkeypatch.setattr(HuggingFaceModel, "trace", None)
    done = command("verify", *arguments, "--out", "second")
    assert done.status == 0, done.err
    first, second = (
        (tmp_path / out / "report.json").read_text().replace(f"--out {out}", "")
        for out in ("first", "second")
    )
    assert first == second
    assert filecmp.cmp(tmp_path / "first/null.png", tmp_path / "second/null.png", shallow=False)
    listed = command("leximark", "cache", "--cache", tmp_path / "cache", "--json")
    models = json.loads(listed.out)["models"]
    assert len(models) == 2
    assert all(model["n_texts"] > 100 for model in models)
    told = command("leximark", "cache", "--info", "--cache", tmp_path / "cache")
    assert "2 models" in told.out
    cleared = command("leximark", "cache", "--clear", "--cache", tmp_path / "cache")
    assert cleared.out.startswith("2 models removed")
    again = command("leximark", "cache", "--clear", "--cache", tmp_path / "cache", "--json")
    assert json.loads(again.out) == {"folder": str(tmp_path / "cache"), "removed": 0}
    assert not list((tmp_path / "cache").iterdir())


def test_without_a_cache_nothing_is_written_down(job, tmp_path, command):
    arguments = ["--corpus", job.vault, "--key-file", job.key_file, "--model", job.other]
    done = command("verify", *arguments, "--no-cache", "--cache", "x")
    assert done.status == 2
    done = command("verify", *arguments, "--no-cache", "--resamples", 99)
    assert done.status == 0, done.err
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("cached", [False, True])
def test_every_kind_of_model_is_opened_by_its_name(tmp_path, cached):
    options = ModelOptions(dtype="float32", cache=tmp_path / "cache" if cached else None)
    base = save_tiny_model(tmp_path / "base", "llama")
    make_adapter(base, tmp_path / "adapter")
    file = save_tiny_gguf(tmp_path / "tiny.gguf")
    found = [load_model(str(name), options) for name in (base, tmp_path / "adapter", file)]
    assert [model.name for model in found] == ["base", "adapter", "tiny.gguf"]
    assert len({model.fingerprint for model in found}) == 3
    with serve(base) as fake:
        assert load_model(f"openai+{fake.url}", options).abilities >= {"candidates"}
        assert load_model(f"text+{fake.url}", options).abilities == {"text"}


def test_a_server_that_only_writes_is_scored_by_what_it_writes(tmp_path, command):
    base = save_tiny_model(tmp_path / "base", "llama")
    rows = [{"id": i, "text": f"{word} one two three four five six"} for i, word in enumerate("ab")]
    corpus = tmp_path / "texts.jsonl"
    corpus.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with serve(base) as fake:
        # What was asked for is part of the answer, so the prompt comes up and the rest does not.
        done = command(
            "leximark", "score", corpus, "--model", f"chat+{fake.url}", "--id-column", "id",
            "--samples", 3, "--out", "scores.jsonl",
        )  # fmt: skip
        assert done.status == 0, done.err
        n_requests = len([r for r in fake.requests if r["messages"][1]["content"] != "The"])
    assert n_requests == 6  # both detectors share three continuations of two beginnings
    found = [json.loads(line) for line in (tmp_path / "scores.jsonl").read_text().splitlines()]
    assert [row["samia"] for row in found] == [0.0, 0.0]
    assert [row["ngram_coverage"] for row in found] == [0.0, 0.0]
    record = json.loads((tmp_path / "scores.jsonl.run.json").read_text())
    assert record["seeds"] == {"sampling": 0}


def test_a_model_that_is_only_read_does_not_write(tmp_path, command):
    base = save_tiny_model(tmp_path / "base", "llama")
    (tmp_path / "texts.jsonl").write_text(json.dumps({"text": "one two three"}) + "\n")
    done = command(
        "leximark", "score", "texts.jsonl", "--model", base, "--detectors", "samia,loss",
        "--out", "scores.csv",
    )  # fmt: skip
    assert done.status == 2
    assert "samia: needs a suspect that writes" in done.err


def test_a_second_score_runs_no_model(tmp_path, command, monkeypatch):
    base = save_tiny_model(tmp_path / "base", "llama")
    text = "It is not the case that the statement with a class is a try."
    (tmp_path / "texts.jsonl").write_text(json.dumps({"text": text}) + "\n")
    arguments = ["texts.jsonl", "--model", base, "--detectors", "loss", "--cache", "cache"]
    assert command("leximark", "score", *arguments, "--out", "a.csv").status == 0
    monkeypatch.setattr(suspects, "load_huggingface", None)
    assert command("leximark", "score", *arguments, "--out", "b.csv").status == 0
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_a_device_that_is_not_there_is_one_message(job, tmp_path, command):
    arguments = ["--corpus", job.vault, "--key-file", job.key_file, "--model", job.trained]
    done = command("verify", *arguments, "--device", "abacus", "--cache", tmp_path / "cache")
    assert done.status == 2
    assert "device 'abacus': torch knows no such device" in done.err


def test_a_test_by_another_detector_than_the_plans_says_so(job, tmp_path):
    """Behind a server there are no moments, so Min-K%++ gives way to loss."""
    rows = [json.dumps({"text": text}) + "\n" for text in islice(paragraphs(), 3)]
    (tmp_path / "in.jsonl").write_text("".join(rows))
    intent = make_intent(
        LookAlikes(), detector="min_k_plus_plus", alpha=0.1, holdout_share=0.0
    )  # few versions
    mark_command(tmp_path / "in.jsonl", tmp_path / "published", tmp_path / "vault", intent)
    with serve(job.other, max_model_len=256) as fake:
        address = f"openai+{fake.url}#tiny"
        options = ModelOptions()
        report = verify_command(tmp_path / "vault", address, (), tmp_path / "report", options)
    verdict = report.audit.verdict
    assert verdict.primary.test == "remark"
    assert verdict.departures == ("detector: min_k_plus_plus planned, loss used",)


def test_a_base_that_nothing_stands_on_is_refused(job, tmp_path, command):
    arguments = ["--corpus", job.vault, "--key-file", job.key_file, "--model", job.trained]
    done = command("verify", *arguments, "--base", job.other)
    assert done.status == 2
    assert "none of the models is an adapter" in done.err
