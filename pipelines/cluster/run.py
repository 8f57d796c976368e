"""Run the steps of marking one after the other."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.cluster import executors
from pipelines.cluster.executors import ExecutorChoice
from pipelines.cluster.tasks import Make, logs_folder, run_tasks
from watermark.errors import PrerequisiteError, VaultError
from watermark.marking.tasks import Work, assemble
from watermark.marking.workspace import BOILERPLATE, TASKS
from watermark.text.boilerplate import Boilerplate

if TYPE_CHECKING:
    from pipelines.cluster.step import Step

SUBMITTED = "submitted.json"


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
    make: Make
    if choice.kind == "ray":
        make = executors.make_ray
        n_tasks, _ = executors.connect_ray(choice.argument)
    else:
        n_tasks, make = int(choice.argument), executors.make_local
    for step, n in _steps(work, n_tasks):
        run_tasks(step, n, make)
    assemble(work)


def _steps(work: Work, n_tasks: int) -> list[tuple["Step", int]]:
    from pipelines.cluster.steps import Mark, Settle, Survey

    n_groups = len(work.groups())
    return [(Survey(work), n_tasks), (Settle(work), 1), (Mark(work), min(n_tasks, n_groups))]


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
        executor = executors.make_slurm(step, n, logs_folder(step, n), settings, executor)
        executor.run()
        jobs[step.name] = executor.job_id
    marker.write_text(json.dumps(jobs), encoding="utf-8")
