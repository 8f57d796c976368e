"""Marking by datatrove: the bytes of one process, whatever happens to the tasks."""

import json
import os
import stat
import subprocess
import sys

import pytest

from pipelines.cluster import steps
from tests.support.marked_news import assert_same_tree, write_news
from watermark.errors import CorpusError
from watermark.keys import write_key
from watermark.marking.tasks import survey
from watermark.marking.workspace import TASKS

LETTERS = ("--scheme", "look_alikes", "--set", "scope=word", "--boilerplate-share", "0")


@pytest.fixture
def key_file(tmp_path, key):
    write_key(tmp_path / "owner.key", key)
    return tmp_path / "owner.key"


@pytest.fixture
def corpus(tmp_path):
    folder = tmp_path / "corpus"
    folder.mkdir()
    for number in range(3):
        write_news(folder / "news.jsonl")
        lines = (folder / "news.jsonl").read_text().splitlines()
        rows = [json.loads(line) for line in lines]
        text = "".join(json.dumps(r | {"text": f"{number}. {r['text']}"}) + "\n" for r in rows)
        (folder / f"{number}.jsonl").write_text(text)
    (folder / "news.jsonl").unlink()
    return folder


@pytest.fixture
def mark(corpus, key_file, command, tmp_path):
    def run(name, *more):
        here = tmp_path / name
        here.mkdir(exist_ok=True)
        return command(
            *("leximark", "mark", corpus, "--out", here / "published", "--vault", here / "vault"),
            *("--key-file", key_file, *LETTERS, *more),
        )

    return run


def test_one_task_of_datatrove_gives_the_bytes_of_one_process(mark, tmp_path):
    assert mark("one").status == 0
    done = mark("two", "--executor", "local:1")
    assert done.status == 0, done.err
    assert "120 documents read" in done.out
    assert_same_tree(tmp_path / "one", tmp_path / "two")
    assert mark("two", "--executor", "local:1").status == 2  # both are there already


def test_texts_at_an_address_are_marked_to_the_bytes_of_texts_here(
    mark, corpus, key_file, command, tmp_path
):
    assert mark("one").status == 0
    (tmp_path / "two").mkdir()
    words = ["leximark", "mark", f"file://{corpus}", "--out", f"file://{tmp_path}/two/published"]
    words += ["--vault", "two/vault", "--key-file", key_file, *LETTERS]
    for more, status in ((("--executor", "local:1"), 0), ((), 2)):
        done = command(*words, *more)
        assert done.status == status, done.err
    assert "exists already" in done.err
    assert_same_tree(tmp_path / "one", tmp_path / "two")


def test_a_task_that_fails_is_named_and_tried_again_and_the_rest_stands(
    mark, tmp_path, monkeypatch
):
    mark("one")
    real, calls = survey, []

    def fails_twice(*args):
        calls.append(args)
        if len(calls) < 3:
            raise OSError("the disk is tired")
        real(*args)

    monkeypatch.setattr(steps, "survey", fails_twice)
    done = mark("two", "--executor", "local:1")
    assert done.status == 0, done.err
    assert done.err.count("survey, task 0 of 1 failed; it is tried again: OSError: the disk") == 2
    assert_same_tree(tmp_path / "one", tmp_path / "two")

    monkeypatch.setattr(steps, "survey", real)
    monkeypatch.setattr(steps, "mark_parts", lambda *_: 1 / 0)
    done = mark("three", "--executor", "local:1")
    assert done.status == 2
    assert "mark, task 0 of 1: ZeroDivisionError" in done.err
    assert "What the others did stands: repeat the command" in done.err
    monkeypatch.undo()


def test_what_the_user_must_fix_is_not_tried_again(mark, monkeypatch):
    calls = []

    def fails(*args):
        calls.append(args)
        raise CorpusError("corpus/1.jsonl:3: is no document")

    monkeypatch.setattr(steps, "survey", fails)
    done = mark("one", "--executor", "local:1")
    assert (done.status, len(calls)) == (2, 1)
    assert "survey, task 0 of 1: corpus/1.jsonl:3: is no document" in done.err


def test_the_key_is_in_no_file_of_the_tasks(mark, tmp_path, monkeypatch, key):
    monkeypatch.setattr(steps, "mark_parts", lambda *_: 1 / 0)
    mark("one", "--executor", "local:1")
    left = [p for p in (tmp_path / "one/vault.partial").rglob("*") if p.is_file()]
    assert any(TASKS in path.parts for path in left)
    for path in left:
        content = path.read_bytes()
        assert key.secret not in content
        assert key.secret.hex().encode() not in content


@pytest.mark.parametrize(
    "options",
    [
        ("--executor", "local:2", "--workers", "2"),
        ("--executor", "spark:2"),
        ("--executor", "slurm:no.toml"),
    ],
)
def test_executors_that_cannot_be_are_refused_with_one_message(mark, options):
    done = mark("one", *options)
    assert done.status == 2
    assert "Traceback" not in done.err


@pytest.mark.slow
def test_slurm_runs_the_same_steps_as_jobs(mark, tmp_path, monkeypatch):
    """With programs that stand in for Slurm's: a job runs when it is submitted."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in (("sbatch", SBATCH), ("scontrol", "#!/bin/sh\necho here\n")):
        (programs / name).write_text(text)
        (programs / name).chmod(stat.S_IRWXU)
    here = os.path.dirname(sys.executable)
    monkeypatch.setenv("PATH", f"{programs}:{here}:{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    settings = 'tasks = 2\ntime = "1:00"\npartition = "cpu"\nwith_srun = false\n'
    (tmp_path / "cluster.toml").write_text(settings)
    assert mark("one").status == 0
    slurm = ("--executor", f"slurm:{tmp_path / 'cluster.toml'}")
    done = mark("two", *slurm)
    assert done.status == 0, done.err
    assert (programs / "sbatch.log").read_text().count("Starting data processing job") >= 4
    assert_same_tree(tmp_path / "one", tmp_path / "two")


def test_jobs_are_not_submitted_twice(mark, tmp_path, monkeypatch):
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "sbatch").write_text("#!/bin/sh\necho Submitted batch job 7\n")
    (programs / "sbatch").chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    settings = 'tasks = 2\ntime = "1:00"\npartition = "cpu"\n'
    (tmp_path / "cluster.toml").write_text(settings)
    slurm = ("--executor", f"slurm:{tmp_path / 'cluster.toml'}")
    done = mark("one", *slurm)
    assert done.status == 0
    assert "Jobs were submitted" in done.out
    assert not (tmp_path / "one/vault").exists()
    done = mark("one", *slurm)
    assert done.status == 2
    assert "its jobs were submitted before" in done.err


SBATCH = """#!/bin/bash
script="${!#}"
last=$(sed -n 's/^#SBATCH --array=0-\\([0-9]*\\).*/\\1/p' "$script")
for number in $(seq 0 "${last:-0}"); do
    SLURM_ARRAY_TASK_ID=$number SLURM_NODELIST=here bash "$script" >>"$0.log" 2>&1
done
echo "Submitted batch job 7"
"""


@pytest.mark.slow
def test_ray_gives_the_bytes_of_one_process(mark, corpus, key_file, tmp_path):
    """In a process of its own: here a warning would end one of Ray's threads, and nobody waits."""
    pytest.importorskip("ray")
    assert mark("one").status == 0
    here = tmp_path / "two"
    here.mkdir()
    words = ["mark", corpus, "--out", here / "published", "--vault", here / "vault"]
    words += ["--key-file", key_file, *LETTERS, "--executor", "ray:local"]
    words += ["--no-reference"]  # as in this process: see conftest.py
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-m", "pipelines.cli", *map(str, words)],
        env=environment, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert_same_tree(tmp_path / "one", here)
