"""Marking that is killed, in real processes; a hundred kills are in reports/scale."""

import json
import subprocess
import sys

import pytest

from benchmarks import killed_marking
from benchmarks.killed_marking import Kill, assert_same_files, stage, summary


def test_trees_that_differ_in_a_byte_or_a_name_are_told(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name / "sub").mkdir(parents=True)
        (tmp_path / name / "sub/a").write_text("a")
    assert_same_files(tmp_path / "one", tmp_path / "two")
    (tmp_path / "two/sub/a").write_text("b")
    with pytest.raises(AssertionError, match="two/sub/a differs"):
        assert_same_files(tmp_path / "one", tmp_path / "two")
    (tmp_path / "two/sub/b").write_text("b")
    with pytest.raises(AssertionError):
        assert_same_files(tmp_path / "one", tmp_path / "two")
    (tmp_path / "none").mkdir()
    with pytest.raises(AssertionError):
        assert_same_files(tmp_path / "none", tmp_path / "none")


def test_stages_follow_from_what_is_on_the_disk(tmp_path):
    found = [stage(tmp_path)]
    for name in ("vault.partial/sites", "vault.partial/parts", "vault"):
        (tmp_path / name).mkdir(parents=True)
        found.append(stage(tmp_path))
    assert found == ["start", "survey", "marking", "in place"]


def test_kills_are_counted_by_what_they_hit():
    rows = [vars(Kill(2, 8, 0, 1.5, True, "survey")), vars(Kill(2, 1, 1, 0.5, False, "survey"))]
    assert summary(rows) == {
        "kills": 2,
        "runs compared": 2,
        "tasks": {"1": 1, "8": 1},
        "shards": {"2": 2},
        "stage": {"survey": 2},
        "whole": {"False": 1, "True": 1},
    }


@pytest.mark.slow
def test_marking_that_is_killed_gives_the_bytes_of_a_run_in_peace(tmp_path):
    """A run in two tasks for each number of files; it raises if a byte differs."""
    command = [
        sys.executable,
        "-m",
        killed_marking.__name__,
        tmp_path / "out",
        "--work",
        tmp_path / "work",
    ]
    command += ["--kills", "6", "--documents", "1100", "--tasks", "2", "--seed", "3"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in (tmp_path / "out/kills.jsonl").read_text().splitlines()]
    assert len(found) >= 6
    assert json.loads(done.stdout)["kills"] == len(found)
