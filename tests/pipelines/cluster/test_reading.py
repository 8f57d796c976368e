"""`score` and `verify` by tasks: the numbers of one process."""

import json
import os
import signal
from dataclasses import replace
from itertools import islice
from typing import Any

import pytest

from membership.traces.trace import Query
from pipelines.cluster import reading, reading_step
from pipelines.cluster.executors import ExecutorChoice
from pipelines.cluster.reading import SpreadModel, open_spread
from pipelines.cluster.reading_step import Read
from pipelines.loading.embedded_text import paragraphs
from pipelines.loading.models import ModelOptions, load_model, resolve_model
from tests.support.tiny import save_tiny_model
from watermark.errors import ModelError, PrerequisiteError


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    root = tmp_path_factory.mktemp("models")
    return {
        "suspect": save_tiny_model(root / "suspect", "llama"),
        "base": save_tiny_model(root / "base", "llama", seed=1),
    }


def write_corpus(path, n):
    rows = [{"id": f"d{i}", "text": text} for i, text in enumerate(islice(paragraphs(), n))]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture
def here(monkeypatch):
    """Run a single task in this process, which takes less time than to start one."""
    monkeypatch.setattr(Read, "needs_own_process", False)


def score(command, models, *more):
    words = ["leximark", "score", "c.jsonl", "--model", models["suspect"], "--id-column", "id"]
    done = command(*words, "--dtype", "float32", *more)
    assert done.status == 0, done.err
    return done.err


def test_score_in_two_processes_gives_the_bytes_of_one(models, command, tmp_path):
    write_corpus(tmp_path / "c.jsonl", 140)
    score(command, models, "--out", "one.jsonl", "--cache", "one")
    two = ("--cache", "two", "--executor", "local:2")
    said = score(command, models, "--out", "two.jsonl", *two)
    assert "140 texts to read in 2 tasks" in said
    assert (tmp_path / "one.jsonl").read_bytes() == (tmp_path / "two.jsonl").read_bytes()
    assert not list((tmp_path / "two/tasks").iterdir())
    assert score(command, models, "--out", "three.jsonl", *two) == ""  # it was in the cache


def compare_audits(job, models, command, tmp_path, executor):
    words = ["verify", "--corpus", job.vault, "--key-file", job.key_file, "--model", job.trained]
    words += ["--reference", models["base"], "--dtype", "float32", "--resamples", "9999"]
    reports = []
    for name, more in (("one", ()), ("two", ("--executor", executor))):
        done = command(*words, "--out", name, "--cache", f"{name}-cache", *more)
        assert done.status == 0, done.err
        reports.append(json.loads((tmp_path / name / "report.json").read_text()))
    assert "to read in" in done.err
    assert reports[0].keys() == reports[1].keys()
    for report in reports:
        del report["run"], report["beforehand"]  # the second audit comes after the first one
    assert reports[0] == reports[1]


def test_verify_by_a_task_gives_the_numbers_of_one_process(job, models, command, tmp_path, here):
    compare_audits(job, models, command, tmp_path, "local:1")


@pytest.mark.slow
def test_verify_in_two_processes_gives_the_numbers_of_one(job, models, command, tmp_path):
    compare_audits(job, models, command, tmp_path, "local:2")


def spread(models, cache, n_tasks=1):
    options = ModelOptions(dtype="float32", cache=cache)
    name = str(models["suspect"])
    choice = ExecutorChoice("local", str(n_tasks))
    return open_spread(choice, name, resolve_model(name, options), options)


def test_traces_are_those_of_a_model_in_this_process_and_are_kept(models, tmp_path, capsys, here):
    queries = [Query(f"Town {n} lies near the old harbour.") for n in range(9)]
    found = dict(spread(models, tmp_path / "cache").trace(queries, known={0}))
    assert sorted(found) == list(range(1, 9))
    options = ModelOptions(dtype="float32")
    wanted = dict(load_model(str(models["suspect"]), options).trace(queries))
    for index, trace in found.items():
        assert trace.logprob.tobytes() == wanted[index].logprob.tobytes()
    capsys.readouterr()
    model = spread(models, tmp_path / "cache")
    assert len(list(model.trace(queries))) == 9
    assert capsys.readouterr().err == ""
    cached = load_model(str(models["suspect"]), replace(options, cache=tmp_path / "cache"))
    assert cached.settings == model.settings  # so each finds the traces of the other


class DiesAfterABlock(Read):
    """The second task is killed, once, when it has read a block."""

    def do(self, rank, n_tasks):
        real = reading_step.read_blocks
        marker = self.messages.with_name("died")

        def dies(path):
            for number, block in enumerate(real(path)):
                if number == 3 and n_tasks == 2 and rank == 1 and not marker.exists():
                    marker.touch()
                    os.kill(os.getpid(), signal.SIGKILL)
                yield block

        reading_step.read_blocks = dies
        super().do(rank, n_tasks)


@pytest.mark.slow
def test_a_killed_task_is_named_and_goes_on_from_what_it_had_read(
    models, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(reading_step, "Read", DiesAfterABlock)
    model = spread(models, tmp_path / "cache", 2)
    lists = [[Query(f"Town {number} of list {n}.") for number in range(3)] for n in range(5)]
    model.read_ahead(lists)
    said = capsys.readouterr().err
    assert "read, task 1 of 2 failed; it is tried again: its process was ended by SIGKILL" in said
    assert all(len(list(model.trace(each))) == 3 for each in lists)


def test_what_cannot_be_spread_is_refused_with_one_message(models, command, tmp_path):
    write_corpus(tmp_path / "c.jsonl", 3)
    words = ("leximark", "score", "c.jsonl", "--out", "s.jsonl", "--model")
    cases: list[tuple[Any, tuple[str, ...], str]] = [
        (models["suspect"], ("--executor", "local:2", "--no-cache"), "cache"),
        ("openai+http://127.0.0.1:1/v1#m", ("--executor", "local:2"), "--connections"),
        (models["suspect"], ("--executor", "spark:2"), "wanted local:PROCESSES"),
        (tmp_path / "none", ("--executor", "local:2"), "none"),
    ]
    for model, more, said in cases:
        done = command(*words, model, *more)
        assert done.status == 2
        assert said in done.err
        assert "Traceback" not in done.err


def test_texts_do_not_stay_when_a_task_fails(models, tmp_path, monkeypatch, here):
    model = spread(models, tmp_path / "cache")

    def fails(step, n_tasks, make, wait):
        assert (step.messages / reading_step.BLOCKS).exists()
        raise PrerequisiteError("read, task 0 of 1: the disk is full")

    monkeypatch.setattr(reading, "run_tasks", fails)
    with pytest.raises(PrerequisiteError, match="the disk is full"):
        model.read_ahead([[Query("A secret text.")]])
    assert not list(tmp_path.rglob(reading_step.BLOCKS))


def test_a_folder_that_tasks_do_not_see_is_said(models, tmp_path, monkeypatch, here):
    model = spread(models, tmp_path / "cache")
    monkeypatch.setattr(SpreadModel, "read_ahead", lambda self, lists: None)
    with pytest.raises(ModelError, match=r"tasks read 1 texts, and 0 are in .*all tasks see"):
        list(model.trace([Query("A text.")]))
