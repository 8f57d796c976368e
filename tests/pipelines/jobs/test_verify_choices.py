import json
import re
import shutil
from pathlib import Path

import pytest

from tests.support.fake_choices import FakeChoices, memorised, published_words, serve_choices


def first(shown, allowed):
    return allowed[0] if allowed else re.findall(r"^- (.*)$", shown, re.MULTILINE)[0]


def verify(job, command, fake, *options, api="chat"):
    address = f"{api}+{fake.url}#tiny"
    given = ("--corpus", job.vault, "--key-file", job.key_file, "--model", address)
    return command("verify", *given, "--json", "--resamples", "9999", *options)


@pytest.mark.parametrize("form", ["structured_outputs", "none"])
def test_a_chat_model_that_repeats_the_marks_is_found(job, command, form):
    with serve_choices(FakeChoices(form, memorised(published_words(job)))) as fake:
        done = verify(job, command, fake)
    assert done.status == 0, done.err
    report = json.loads(done.out)
    assert report["verdict"] == "trained on it"
    assert report["pvalue"] <= 0.001
    assert report["primary"]["details"]["n_other"] == 0
    assert "candidates: log-probabilities planned, answers in words used" in report["departures"]


def test_a_model_that_always_takes_the_first_option_is_not(job, command):
    with serve_choices(FakeChoices("json_schema", first)) as fake:
        done = verify(job, command, fake, "--simulate-null", "50")
    report = json.loads(done.out)
    assert report["verdict"] == "cannot tell"  # its answers say nothing of the words
    assert report["simulated_null"]["n_keys"] == 50


def test_a_budget_stops_at_evidence_and_draws_the_path(job, command):
    with serve_choices(FakeChoices("grammar", memorised(published_words(job)))) as fake:
        done = verify(job, command, fake, "--budget", "100000", "--out", "paid")
    report = json.loads(done.out)
    assert report["verdict"] == "trained on it"
    assert report["primary"]["test"] == "betting"
    assert report["primary"]["details"]["stopped"] in ("evidence", "all asked")
    assert "e-value" in Path("paid/report.md").read_text()
    assert Path("paid/path.png").exists()


def test_a_second_run_asks_nothing_again(job, command):
    with serve_choices(FakeChoices("none", first)) as fake:
        verify(job, command, fake, "--out", "a", "--cache", "cache")
        before = sum(body["temperature"] > 0 for body in fake.requests)
        done = verify(job, command, fake, "--out", "b", "--cache", "cache")
        asked = sum(body["temperature"] > 0 for body in fake.requests) - before
    assert done.status == 0
    assert asked <= 10  # the probes


def test_each_time_a_model_is_asked_is_another_audit_with_its_share_of_the_level(
    job, command, tmp_path
):
    vault = tmp_path / "vault"
    shutil.copytree(job.vault, vault)
    (vault / "custody.jsonl").unlink(missing_ok=True)
    found = []
    with serve_choices(FakeChoices("grammar", memorised(published_words(job)))) as fake:
        for i, words in enumerate((10, 20, 20, 30)):
            done = command(
                "verify", "--corpus", vault, "--key-file", job.key_file, "--json", "--family",
                "--model", f"chat+{fake.url}#tiny", "--context-words", str(words),
                "--resamples", "9999", "--out", f"r{i}", "--bundle", f"{i}.zip",
            )  # fmt: skip
            assert done.status == 0, done.err
            report = json.loads(done.out)
            found.append((report["beforehand"]["audits_before"], report["alpha"]))
            assert command("leximark", "check", f"{i}.zip").status == 0
    # The third asks like the second: answers of a server may differ, so it is another audit.
    assert found == [(k - 1, pytest.approx(0.001 / (k * (k + 1)))) for k in (1, 2, 3, 4)]


def test_the_cost_is_stated_without_a_call(job, command):
    with serve_choices(FakeChoices("none", first)) as fake:
        done = verify(job, command, fake, "--dry-run", "--answers", "3")
        assert not fake.requests
    cost = json.loads(done.out)
    assert cost["n_calls"] == 3 * cost["n_questions"] > 0


def test_options_of_questions_are_refused_where_none_are_asked(job, command):
    given = ("--corpus", job.vault, "--key-file", job.key_file, "--model", job.trained)
    done = command("verify", *given, "--budget", "10")
    assert done.status == 2
    assert "gives log-probabilities and is not asked questions" in done.err
