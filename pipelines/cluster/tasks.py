"""Run the tasks of a step, try failed ones again, and say which failed and why."""

import json
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from watermark.errors import PrerequisiteError, ToolkitError

if TYPE_CHECKING:
    from pipelines.cluster.step import Step

TRIES = 3
"""How often a task is tried that fails for a reason which the user cannot fix."""

Make = Callable[["Step", int, Path], Any]
"""Makes an executor of datatrove from a step, its number of tasks and a folder for their logs."""


def logs_folder(step: "Step", n_tasks: int) -> Path:
    """Return the folder of a step's logs; completed tasks hold for one number of tasks alone."""
    return step.messages / f"{step.name}-of-{n_tasks}"


def run_tasks(
    step: "Step", n_tasks: int, make: Make, wait: Callable[[Any], None] = lambda executor: None
) -> None:
    """Run the tasks of a step until all are complete, each at most `TRIES` times.

    Args:
        step: What to do.
        n_tasks: Number of tasks.
        make: Makes the executor.
        wait: Waits for the tasks of an executor whose `run` only submits them.

    Raises:
        ToolkitError: A task failed; what the others did stands.
    """
    left = list(range(n_tasks))
    for number in range(1, TRIES + 1):
        executor = make(step, n_tasks, logs_folder(step, n_tasks))
        with suppress(RuntimeError):  # a task failed; `_failures` says which and why
            executor.run()
        wait(executor)
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
        with suppress(OSError, ValueError):
            said = json.loads(step.failed_file(rank).read_text(encoding="utf-8"))
            found.append((rank, bool(said["fixable"]), str(said["message"])))
    return found


def _error(step: "Step", n_tasks: int, left: list[int]) -> ToolkitError:
    failures = _failures(step, left)
    why = failures[0][2].strip().splitlines()[-1] if failures else "no message was left"
    rank = failures[0][0] if failures else left[0]
    return PrerequisiteError(
        f"{step.name}, task {rank} of {n_tasks}: {why} ({len(left)} of {n_tasks} tasks are not "
        f"complete; logs in {logs_folder(step, n_tasks)}). What the others did stands: repeat the "
        "command"
    )
