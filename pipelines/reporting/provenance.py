"""What is needed to repeat a run: command, versions, hashes, seeds, machine."""

import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from membership.traces.suspect_protocol import Suspect

PACKAGES = (
    "leximark", "torch", "transformers", "tokenizers", "numpy", "scipy", "scikit-learn",
    "spacy", "nltk", "wordfreq", "lemminflect", "inflect", "datasets", "pyarrow",
)  # fmt: skip


@dataclass(frozen=True)
class Run:
    """A run, described so that another person can reproduce it.

    Nothing in it changes from one run of the same command to the next: when a run was made and how
    long it took stand in a file of their own.
    """

    command: str
    versions: dict[str, str]
    commit: str
    """Commit of the program, if it runs from a git checkout; `+changes` if that was edited."""
    machine: dict[str, str]
    inputs: dict[str, Any]
    """Names, hashes and settings of what went in: vault, models."""
    seeds: dict[str, int]

    def as_dict(self) -> dict[str, Any]:
        """Return the run as it stands in a report."""
        return asdict(self)


def describe_run(inputs: Mapping[str, Any], seeds: Mapping[str, int]) -> Run:
    """Describe the run that this process is."""
    program = Path(sys.argv[0]).name
    return Run(
        command=shlex.join([program, *sys.argv[1:]]),
        versions={"python": platform.python_version(), **_versions()},
        commit=_commit(),
        machine={
            "system": platform.system(),
            "processor": _processor(),
            "cores": str(os.cpu_count()),
        },
        inputs=dict(inputs),
        seeds=dict(seeds),
    )


def describe_model(model: Suspect) -> dict[str, str]:
    """Return what fixes the numbers that a model gives."""
    return {"name": model.name, "fingerprint": model.fingerprint, "settings": model.settings}


def program_version() -> str:
    """Return the version of leximark."""
    return _versions().get("leximark", "not installed")


def _versions() -> dict[str, str]:
    found: dict[str, str] = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _commit() -> str:
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return ""
    try:
        commit = _git(root, "rev-parse", "HEAD")
        return commit + ("+changes" if _git(root, "status", "--porcelain", "-uno") else "")
    except (OSError, subprocess.CalledProcessError):
        return ""


def _git(root: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", str(root), *arguments], capture_output=True, text=True, check=True
    ).stdout.strip()
