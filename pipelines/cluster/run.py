"""Run the steps of marking one after the other, and say which task failed."""

import json
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.cluster import executors
from pipelines.cluster.executors import ExecutorChoice
from watermark.errors import PrerequisiteError, ToolkitError, VaultError
from watermark.marking.tasks import Work, assemble
from watermark.marking.workspace import BOILERPLATE, TASKS
from watermark.text.boilerplate import Boilerplate

if TYPE_CHECKING:
    from pipelines.cluster.steps import Step

TRIES = 3
"""How often a task is tried that fails for a reason which the user cannot fix."""
SUBMITTED = "submitted.json"

Make = Callable[["Step", int, Path], Any]


def refuse_forms(form: str) -> None:
    """Refuse a corpus that other processes cannot open.

    Raises:
        PrerequisiteError: It is in memory or comes from the hub.
    """
    if form in ("datasets", "hub"):
        raise PrerequisiteError(
            "a data set in memory or on the hub cannot be given to other processes: save it with "
            "save_to_disk and name the folder"
        )


def run_steps(choice: ExecutorChoice, work: Work, boilerplate: Boilerplate) -> None:
    """Fill the working folder; jobs of Slurm are submitted and fill it later.

    Raises:
        ToolkitError: A task failed, or an executor cannot be reached. What other tasks did stands.
    """
    (work.folder / TASKS).mkdir(exist_ok=True)
    found = json.dumps([sorted(boilerplate.hashes), boilerplate.n_documents])
    (work.folder / BOILERPLATE).write_text(found, encoding="utf-8")
    if choice.kind == "slurm":
        _submit(Path(choice.argument), work)
        return
    if choice.kind == "ray":
        n_tasks, make = executors.connect_ray(choice.argument), executors.make_ray
    else:
        n_tasks, make = int(choice.argument), executors.make_local
    for step, n in _steps(work, n_tasks):
        _run(step, n, make)
    assemble(work)


def _steps(work: Work, n_tasks: int) -> list[tuple["Step", int]]:
    from pipelines.cluster.steps import Mark, Settle, Survey

    n_groups = len(work.groups())
    return [(Survey(work), n_tasks), (Settle(work), 1), (Mark(work), min(n_tasks, n_groups))]


def _logs(step: "Step", n_tasks: int) -> Path:
    """Return the folder of a step's logs; completed tasks hold for one number of tasks alone."""
    return step.work.folder / TASKS / f"{step.name}-of-{n_tasks}"


def _run(step: "Step", n_tasks: int, make: Make) -> None:
    """Run the tasks of a step until all are complete, each at most `TRIES` times."""
    left = list(range(n_tasks))
    for number in range(1, TRIES + 1):
        executor = make(step, n_tasks, _logs(step, n_tasks))
        with suppress(RuntimeError):  # a task failed; `_failures` says which and why
            executor.run()
        left = executor.get_incomplete_ranks()
        if not left:
            return
        failures = _failures(step, left)
        for rank, fixable, message in failures:
            last_line = message.strip().splitlines()[-1]
            again = "" if fixable or number == TRIES else "; it is tried again"
            print(
                f"leximark: {step.name}, task {rank} of {n_tasks} failed{again}: {last_line}",
                file=sys.stderr,
            )
        if any(fixable for _, fixable, _ in failures):
            break
    raise _error(step, n_tasks, left)


def _failures(step: "Step", ranks: list[int]) -> list[tuple[int, bool, str]]:
    """Return number, whether the user can fix it, and message of the tasks that failed."""
    found = []
    for rank in ranks:
        path = step.work.folder / TASKS / f"{step.name}-{rank}.failed"
        with suppress(OSError, ValueError):
            said = json.loads(path.read_text(encoding="utf-8"))
            found.append((rank, bool(said["fixable"]), str(said["message"])))
    return found


def _error(step: "Step", n_tasks: int, left: list[int]) -> ToolkitError:
    failures = _failures(step, left)
    why = failures[0][2].strip().splitlines()[-1] if failures else "no message was left"
    rank = failures[0][0] if failures else left[0]
    return PrerequisiteError(
        f"{step.name}, task {rank} of {n_tasks}: {why} ({len(left)} of {n_tasks} tasks are not "
        f"complete; logs in {_logs(step, n_tasks)}). What the others did stands: repeat the command"
    )


def _submit(settings_file: Path, work: Work) -> None:
    """Submit the steps to Slurm, each waiting for the one before."""
    from pipelines.cluster.steps import Assemble

    marker = work.folder / TASKS / SUBMITTED
    if marker.exists():
        raise VaultError(
            f"{work.folder}: its jobs were submitted before ({marker.read_text().strip()}); when "
            f"they are done, the command moves everything into place. Remove {marker} to submit "
            "again what is missing"
        )
    settings = executors.read_slurm_settings(settings_file)
    executor, jobs = None, {}
    for step, n in [*_steps(work, settings["tasks"]), (Assemble(work), 1)]:
        executor = executors.make_slurm(step, n, _logs(step, n), settings, executor)
        executor.run()
        jobs[step.name] = executor.job_id
    marker.write_text(json.dumps(jobs), encoding="utf-8")
