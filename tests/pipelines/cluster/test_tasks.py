"""Which tasks are tried again, with executors that run them in this process."""

from typing import Any

import pytest

from pipelines.cluster.step import Step
from pipelines.cluster.tasks import TRIES, run_tasks
from watermark.errors import CorpusError, PrerequisiteError


class Fails(Step):
    """Task 2 raises an error a number of times."""

    name = "fails"

    def __init__(self, folder, error, times):
        super().__init__(folder)
        self.error, self.times, self.calls = error, times, []

    def do(self, rank, n_tasks):
        self.calls.append(rank)
        if rank == 2 and self.calls.count(2) <= self.times:
            raise self.error


class InThisProcess:
    """An executor; it stops at an error, as those of datatrove do."""

    def __init__(self, step, n_tasks, done):
        self.step, self.n_tasks, self.done = step, n_tasks, done

    def run(self):
        for rank in self.get_incomplete_ranks():
            self.step.run(rank=rank, world_size=self.n_tasks)
            self.done.add(rank)

    def get_incomplete_ranks(self):
        return [rank for rank in range(self.n_tasks) if rank not in self.done]


def run(step, wait=lambda executor: None):
    done: set[int] = set()
    run_tasks(step, 4, lambda step, n, logs: InThisProcess(step, n, done), wait)


def test_only_what_is_not_complete_is_tried_again(tmp_path, capsys):
    step = Fails(tmp_path, OSError("full"), TRIES - 1)
    waits: list[Any] = []
    run(step, waits.append)
    assert step.calls == [0, 1, 2, 2, 2, 3]
    assert len(waits) == TRIES
    said = "fails, task 2 of 4 failed; it is tried again: OSError: full"
    assert capsys.readouterr().err.count(said) == TRIES - 1


def test_a_task_that_fails_each_time_is_an_error(tmp_path):
    with pytest.raises(PrerequisiteError, match=r"task 2 of 4: OSError: full \(2 of 4 tasks are"):
        run(Fails(tmp_path, OSError("full"), TRIES))


def test_what_the_user_must_fix_is_not_tried_again(tmp_path):
    step = Fails(tmp_path, CorpusError("line 3"), TRIES)
    with pytest.raises(PrerequisiteError, match="task 2 of 4: line 3"):
        run(step)
    assert step.calls == [0, 1, 2]
