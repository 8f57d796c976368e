import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.reporting import provenance
from pipelines.reporting.provenance import describe_run

ROOT = Path(__file__).parents[3]


def git(*arguments):
    return subprocess.run(
        ["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a git checkout")
def test_a_run_names_the_commit_of_the_program_and_whether_it_was_edited():
    commit, _, edited = describe_run({}, {}).commit.partition("+")
    assert commit == git("rev-parse", "HEAD")
    assert (edited == "changes") == bool(git("status", "--porcelain", "-uno"))


def test_a_run_can_be_repeated_from_its_command(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/usr/bin/leximark", "score", "two words", "--seed", "3"])
    run = describe_run({"corpus": "abc"}, {"sampling": 3})
    assert run.command == "leximark score 'two words' --seed 3"
    assert (run.inputs, run.seeds) == ({"corpus": "abc"}, {"sampling": 3})
    assert run.versions["python"] == ".".join(map(str, sys.version_info[:3]))
    assert set(run.machine) == {"system", "processor", "cores"}


def test_packages_that_are_not_installed_are_left_out(monkeypatch):
    monkeypatch.setattr(provenance, "PACKAGES", ("numpy", "no-such-package"))
    assert set(describe_run({}, {}).versions) == {"python", "numpy"}
