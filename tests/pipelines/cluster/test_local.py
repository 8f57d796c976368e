"""Tasks in real processes, some of which are killed."""

import os
import signal
import subprocess
import sys
import time

import pytest

from pipelines.cluster.executors import make_local
from pipelines.cluster.step import Step
from pipelines.cluster.tasks import run_tasks
from watermark.errors import PrerequisiteError


class DiesOnce(Step):
    """Task 1 is killed the first `n_deaths` times; every task that ends leaves its process id."""

    name = "dies"

    def __init__(self, folder, n_deaths):
        super().__init__(folder)
        self.n_deaths = n_deaths

    def do(self, rank, n_tasks):
        deaths = len(list(self.messages.glob("death-*")))
        if rank == 1 and deaths < self.n_deaths:
            (self.messages / f"death-{deaths}").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        with (self.messages / f"done-{rank}").open("a") as file:
            file.write(f"{os.getpid()}\n")


class Lonely(DiesOnce):
    name = "lonely"
    needs_own_process = True


class Waits(Step):
    name = "waits"

    def do(self, rank, n_tasks):
        (self.messages / f"pid-{rank}").write_text(str(os.getpid()))
        time.sleep(600)


def pids(folder):
    return [path.read_text().split() for path in sorted(folder.glob("done-*"))]


def test_a_killed_task_is_named_and_run_again_and_the_others_are_not(tmp_path, capsys):
    run_tasks(DiesOnce(tmp_path, 1), 3, make_local)
    said = capsys.readouterr().err
    assert said.count("failed; it is tried again") == 1
    assert "dies, task 1 of 3 failed; it is tried again: its process was ended by SIGKILL" in said
    assert [len(each) for each in pids(tmp_path)] == [1, 1, 1]
    assert len({os.getpid(), *(int(pid) for (pid,) in pids(tmp_path))}) == 4


def test_a_task_that_is_killed_each_time_is_an_error_that_names_it(tmp_path):
    with pytest.raises(PrerequisiteError, match=r"dies, task 1 of 2: .*SIGKILL.*1 of 2 tasks"):
        run_tasks(DiesOnce(tmp_path, 99), 2, make_local)
    assert len(pids(tmp_path)) == 1


def test_a_single_task_has_a_process_of_its_own_if_its_step_needs_one(tmp_path):
    for step, here in ((DiesOnce, True), (Lonely, False)):
        folder = tmp_path / step.name
        folder.mkdir()
        run_tasks(step(folder, 0), 1, make_local)
        assert (pids(folder) == [[str(os.getpid())]]) == here


def test_no_task_outlives_a_command_that_is_killed(tmp_path):
    code = (
        "from pathlib import Path; from pipelines.cluster.executors import make_local\n"
        "from tests.pipelines.cluster.test_local import Waits\n"
        f"make_local(Waits(Path({str(tmp_path)!r})), 2, Path({str(tmp_path / 'logs')!r})).run()"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = subprocess.Popen([sys.executable, "-c", code], env=environment)
    files = [tmp_path / f"pid-{rank}" for rank in range(2)]
    _until(lambda: all(file.exists() and file.read_text() for file in files))
    command.kill()
    command.wait()
    _until(lambda: not any(_is_alive(int(file.read_text())) for file in files))


def _until(is_so):
    for _ in range(600):
        if is_so():
            return
        time.sleep(0.1)
    raise AssertionError("waited for a minute")


def _is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
