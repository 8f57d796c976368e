r"""Kill marking at random moments, repeat it, and compare all bytes with a run in peace.

    python -m benchmarks.killed_marking OUT --work FOLDER [--kills 100]

A corpus of one, two or eight files is marked by the local executor in one, two or eight tasks. At a
random moment either all processes of a run are killed (SIGKILL), or one of them: the one that
started the others, or a task. Then it is begun again, until it has run to its end; whatever it made
is compared with what `leximark mark` made in one process undisturbed, and the next run begins.
Kills are counted only if they hit a process that was running. Processes are forked from one that
has imported everything, so that their time goes into marking. Repeat this command with the same
folders to go on; Linux alone.
"""

import argparse
import filecmp
import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.cluster.executors import ExecutorChoice
from pipelines.jobs.mark import make_intent, mark_by_executor
from pipelines.loading.embedded_text import paragraphs
from watermark.keys import KEY_BYTES, Key, write_key
from watermark.marking.workspace import PARTS, SETTLEMENT, SITES
from watermark.schemes.look_alikes import LookAlikes
from watermark.vault.plan import PLAN

SCHEME = LookAlikes(scope="word")
LETTERS = ("--scheme", SCHEME.name, "--set", f"scope={SCHEME.scope}", "--boilerplate-share", "0")
SHARDS = (1, 2, 8)
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    ["pipelines.jobs.mark", "pipelines.cluster.local", "pipelines.cluster.steps"]
)
LIMIT = 1200.0
"""Seconds after which a run that is left alone counts as one that hangs."""


@dataclass(frozen=True)
class Kill:
    """A kill that hit a running process."""

    shards: int
    tasks: int
    run: int
    seconds: float
    """After the start of the command."""
    whole: bool
    """Whether all processes of the command were killed, or one."""
    stage: str
    """What was on the disk."""


@dataclass(frozen=True)
class Arm:
    """A corpus, and in how many tasks it is marked."""

    work: Path
    shards: int
    tasks: int

    @property
    def corpus(self) -> Path:
        """Return the folder of the corpus."""
        return self.work / f"corpus-{self.shards}"

    @property
    def key(self) -> Path:
        """Return the file of the key."""
        return self.work / "owner.key"


def mark(arm: Arm, name: str) -> None:
    """Mark into a folder, in a process that leads a session of its own."""
    os.setsid()
    folder = arm.work / name
    with (arm.work / "messages.txt").open("a") as said:
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
    mark_by_executor(
        ExecutorChoice("local", str(arm.tasks)),
        str(arm.corpus),
        folder / "published",
        folder / "vault",
        make_intent(SCHEME),
        id_column="id",
        key_file=arm.key,
        boilerplate_share=0.0,
    )


def mark_in_one_process(arm: Arm, name: str) -> None:
    """Mark into a folder by the command, without an executor."""
    folder = arm.work / name
    words = ["mark", arm.corpus, "--out", folder / "published", "--vault", folder / "vault"]
    words += ["--key-file", arm.key, "--id-column", "id", *LETTERS]
    command = [sys.executable, "-m", "pipelines.cli", *map(str, words)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def start(arm: Arm, name: str) -> Any:
    """Start a process that marks."""
    process = _CONTEXT.Process(target=mark, args=(arm, name))
    process.start()
    return process


def main() -> None:
    """Kill, compare, count."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("out", type=Path, help="folder for the results")
    parser.add_argument("--work", type=Path, required=True, help="folder for what is marked")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--documents", type=int, default=1500)
    parser.add_argument("--tasks", type=int, nargs="+", default=[1, 2, 8])
    parser.add_argument("--seed", type=int, default=20261126)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    log = arguments.out / "kills.jsonl"
    write_corpora(arguments.work, arguments.documents)
    arms = [Arm(arguments.work, shards, n) for n in arguments.tasks for shards in SHARDS]
    kills = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    while len(kills) < arguments.kills:
        number = 1 + max((each["run"] for each in kills), default=-1)
        rng = np.random.default_rng([arguments.seed, number])
        found = list(run_to_the_end(arms[number % len(arms)], number, rng))
        kills += [asdict(kill) for kill in found]
        log.write_text("".join(json.dumps(each) + "\n" for each in kills), encoding="utf-8")
    print(json.dumps(summary(kills), indent=2))


def write_corpora(work: Path, n_documents: int) -> None:
    """Write the same documents in one, two and eight files, and a key."""
    if (work / "owner.key").exists():
        return
    work.mkdir(parents=True, exist_ok=True)
    texts = islice(cycle(paragraphs()), n_documents)
    rows = [{"id": f"d{i}", "text": f"{' '.join(t.split()[:6])} {i}"} for i, t in enumerate(texts)]
    for shards in SHARDS:
        folder = work / f"corpus-{shards}"
        folder.mkdir(exist_ok=True)
        for number in range(shards):
            some = rows[number * n_documents // shards : (number + 1) * n_documents // shards]
            lines = "".join(json.dumps(row) + "\n" for row in some)
            (folder / f"{number}.jsonl").write_text(lines, encoding="utf-8")
    write_key(work / "owner.key", Key(bytes(range(KEY_BYTES))))


def run_to_the_end(arm: Arm, number: int, rng: np.random.Generator) -> Iterator[Kill]:
    """Mark, killed again and again; yield the kills, at least one, and compare what was made.

    Raises:
        AssertionError: The bytes differ, or the command failed for another reason than a kill.
    """
    whole_run = run_in_peace(arm)
    peace, hurt, n_kills = arm.work / f"peace-{arm.shards}", arm.work / "hurt", 0
    shutil.rmtree(hurt, ignore_errors=True)
    while not (hurt / "vault").exists():
        moment, whole = float(rng.uniform(0.15, 1.1) * whole_run), bool(rng.random() < 0.5)
        if (seconds := mark_and_kill(arm, moment, whole, rng)) is not None:
            n_kills += 1
            yield Kill(arm.shards, arm.tasks, number, round(seconds, 2), whole, stage(hurt))
        elif not n_kills:  # it was over before: this run shows nothing
            shutil.rmtree(hurt)
    assert_same_files(peace, hurt)
    shutil.rmtree(hurt)


@cache
def run_in_peace(arm: Arm) -> float:
    """Mark undisturbed, in one process and as the arm says; compare, return seconds of the arm."""
    peace, measured = arm.work / f"peace-{arm.shards}", arm.work / "measured"
    if not (peace / "vault").exists():
        mark_in_one_process(arm, peace.name)
    shutil.rmtree(measured, ignore_errors=True)
    began = time.monotonic()
    start(arm, measured.name).join(LIMIT)
    seconds = time.monotonic() - began
    assert_same_files(peace, measured)
    return seconds


def mark_and_kill(arm: Arm, moment: float, whole: bool, rng: np.random.Generator) -> float | None:
    """Mark, and kill at a moment; return the seconds, None if all was over by then."""
    began = time.monotonic()
    process = start(arm, "hurt")
    process.join(moment)
    if not process.is_alive():
        assert process.exitcode == 0, f"status {process.exitcode}: see messages.txt"
        return None
    seconds, victims = time.monotonic() - began, [process.pid, *descendants(process.pid)]
    for victim in victims if whole else [int(rng.choice(victims))]:
        with suppress(ProcessLookupError):  # it ended with the others
            os.kill(victim, signal.SIGKILL)
    process.join(LIMIT)
    while alive_in_session(process.pid):  # tasks end with the process that started them
        time.sleep(0.1)
        assert time.monotonic() - began < LIMIT, "a process outlives the one that started it"
    assert process.exitcode in (0, -signal.SIGKILL), f"status {process.exitcode}"
    return seconds


def descendants(pid: int) -> list[int]:
    """Return the processes that a process started, and theirs."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    except OSError:
        return []
    children = [int(word) for word in text.split()]
    return [*children, *(each for child in children for each in descendants(child))]


def alive_in_session(session: int) -> list[int]:
    """Return the processes of a session that have not ended."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, sid = stat.read_text().rpartition(")")[2].split()[:4]
        except OSError:
            continue
        if int(sid) == session and state != "Z":
            found.append(int(stat.parent.name))
    return found


def stage(folder: Path) -> str:
    """Say how far a run had come."""
    work = folder / "vault.partial"
    if (folder / "vault").exists():
        return "in place"
    for name, said in ((PLAN, "assembled"), (PARTS, "marking"), (SETTLEMENT, "settled")):
        if (work / name).exists():
            return said
    return "survey" if (work / SITES).exists() else "start"


def assert_same_files(one: Path, other: Path) -> None:
    """Compare two trees byte by byte."""
    names = sorted(p.relative_to(one) for p in one.rglob("*") if p.is_file())
    assert names == sorted(p.relative_to(other) for p in other.rglob("*") if p.is_file())
    assert names
    for name in names:
        assert filecmp.cmp(one / name, other / name, shallow=False), f"{other / name} differs"


def summary(kills: list[dict[str, Any]]) -> dict[str, Any]:
    """Count kills by what they hit."""

    def count(name: str) -> dict[str, int]:
        values = [str(each[name]) for each in kills]
        return {value: values.count(value) for value in sorted(set(values))}

    runs = len({each["run"] for each in kills})
    counts = {name: count(name) for name in ("tasks", "shards", "stage", "whole")}
    return {"kills": len(kills), "runs compared": runs, **counts}


if __name__ == "__main__":
    main()
