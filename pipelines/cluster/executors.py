"""The executors of datatrove that `--executor` names: local processes, Slurm, Ray."""

import inspect
import shutil
import socket
import subprocess
import time
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from watermark.errors import PrerequisiteError, ToolkitError

Kind = Literal["local", "slurm", "ray"]
MISSING = "{} is not installed: run `pip install 'leximark[{}]'`"
FORMS = "wanted local:PROCESSES, slurm:FILE.toml or ray:ADDRESS"
SECONDS_BETWEEN_LOOKS = 10.0
_OURS = frozenset({"pipeline", "depends", "depends_job_id", "logging_dir", "skip_completed"})
_NEEDED = ("tasks", "time", "partition")


@dataclass(frozen=True)
class ExecutorChoice:
    """What `--executor` said."""

    kind: Kind
    argument: str
    """Number of processes, path of a file of settings, or address of a cluster."""


def parse_executor(text: str) -> ExecutorChoice:
    """Read the value of `--executor`.

    Raises:
        ValueError: It names no executor, or lacks what belongs to it.
    """
    kind, _, argument = text.partition(":")
    known: dict[str, Kind] = {name: name for name in get_args(Kind)}
    if kind not in known or not argument:
        raise ValueError(f"{text!r}: {FORMS}")
    if kind == "local" and not (argument.isascii() and argument.isdigit() and int(argument)):
        raise ValueError(f"{text!r}: local needs a number of processes, such as local:8")
    return ExecutorChoice(known[kind], argument)


def check_installed(choice: ExecutorChoice) -> None:
    """Refuse an executor whose libraries or programs are not there.

    Raises:
        PrerequisiteError: Says what to install.
    """
    try:
        import datatrove  # noqa: F401 - whether it is there
    except ImportError as error:
        raise PrerequisiteError(MISSING.format("datatrove", "cluster")) from error
    if choice.kind == "slurm" and shutil.which("sbatch") is None:
        raise PrerequisiteError(
            "slurm: there is no program sbatch here: run the command where jobs are submitted"
        )


def connect_ray(address: str) -> tuple[int, int]:
    """Connect to a cluster of Ray and count its CPUs and GPUs; `local` starts one here.

    Raises:
        PrerequisiteError: Ray is not installed, or nothing answers at the address.
    """
    try:
        import ray
    except ImportError as error:
        raise PrerequisiteError(MISSING.format("ray", "ray")) from error
    _refuse_silent(address)
    try:
        ray.init(address=address, log_to_driver=False, ignore_reinit_error=True)
    except Exception as error:
        raise PrerequisiteError(
            f"ray: no cluster answers at {address!r} ({error!s:.300})"
        ) from error
    found = ray.cluster_resources()
    return max(1, int(found.get("CPU", 1))), int(found.get("GPU", 0))


def _refuse_silent(address: str) -> None:
    """Raise if nothing listens at an address; Ray itself tries for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdigit():
        return
    try:
        socket.create_connection((host, int(port)), timeout=10).close()
    except (OSError, OverflowError) as error:
        raise PrerequisiteError(f"ray: no cluster answers at {address!r} ({error})") from error


def read_slurm_settings(path: Path) -> dict[str, Any]:
    """Read the settings of Slurm's jobs from a TOML file: arguments of `SlurmPipelineExecutor`.

    Raises:
        ToolkitError: The file cannot be read, or a setting is unknown or missing.
    """
    from datatrove.executor import SlurmPipelineExecutor

    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ToolkitError(f"{path}: wanted a TOML file of Slurm settings ({error})") from error
    known = set(inspect.signature(SlurmPipelineExecutor).parameters) - _OURS
    if unknown := sorted(set(settings) - known):
        raise ToolkitError(
            f"{path}: {unknown[0]!r} is no setting of datatrove's SlurmPipelineExecutor; there are "
            + ", ".join(sorted(known))
        )
    if missing := [name for name in _NEEDED if name not in settings]:
        raise ToolkitError(f"{path}: has no {missing[0]}")
    if type(settings["tasks"]) is not int or settings["tasks"] < 1:
        raise ToolkitError(f"{path}: tasks must be a whole number from 1 on")
    return settings


def make_local(step: Any, n_tasks: int, logs: Path) -> Any:
    """Return an executor of processes of this machine."""
    from pipelines.cluster.local import LocalProcesses

    return LocalProcesses([step], tasks=n_tasks, logging_dir=str(logs))


def make_ray(step: Any, n_tasks: int, logs: Path, gpus_per_task: int = 0) -> Any:
    """Return an executor of the cluster that this process is connected to."""
    from datatrove.executor import RayPipelineExecutor

    return RayPipelineExecutor(
        [step], tasks=n_tasks, logging_dir=str(logs), gpus_per_task=gpus_per_task
    )


def make_slurm(
    step: Any, n_tasks: int, logs: Path, settings: Mapping[str, Any], depends: Any
) -> Any:
    """Return an executor of Slurm's jobs that waits for another one."""
    from datatrove.executor import SlurmPipelineExecutor

    own = dict(settings) | {"tasks": n_tasks, "job_name": f"leximark-{step.name}"}
    return SlurmPipelineExecutor([step], **own, logging_dir=str(logs), depends=depends)


def wait_for_jobs(executor: Any) -> None:
    """Wait until Slurm no longer lists the jobs of an executor.

    Any other reply, such as an error, counts as a short outage of Slurm: it is asked again.
    """
    if executor.job_id in (None, -1):  # there was nothing left to do
        return
    asked = ["squeue", "--noheader", "--jobs", str(executor.job_id)]
    while True:
        said = subprocess.run(asked, capture_output=True, text=True, check=False)
        gone = "Invalid job id" in said.stderr or (said.returncode == 0 and not said.stdout.strip())
        if gone:
            return
        time.sleep(SECONDS_BETWEEN_LOOKS)
