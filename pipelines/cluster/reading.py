"""A model whose texts are read by the tasks of an executor.

Tasks put their traces into the cache, and the command takes them from there. A block of texts has
the same traces wherever it is read, so the results are those of one process on one such machine.
"""

import json
import secrets
import shutil
import sys
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from membership.models.local.llama_cpp import PREFIX
from membership.traces.builder import text_blocks
from membership.traces.cached_model import open_cached
from membership.traces.store import TASKS, TraceStore
from membership.traces.tokens import SPECIMEN
from membership.traces.trace import Query, Trace
from pipelines.cluster import executors
from pipelines.cluster.executors import ExecutorChoice, check_installed
from pipelines.cluster.tasks import Make, run_tasks
from pipelines.loading.models import ModelOptions, ModelSource
from watermark.errors import ModelError, PrerequisiteError


@dataclass(frozen=True)
class Reading:
    """Which model reads, and where its tasks run."""

    choice: ExecutorChoice
    source: str
    """The model, as `load_model` takes it."""
    options: ModelOptions
    """How each task runs it."""

    @property
    def cache(self) -> Path:
        """Return the folder that all tasks see, in which traces meet."""
        assert self.options.cache is not None
        return self.options.cache

    def run(self, blocks: Sequence[Sequence[Query]], settings: str = "") -> dict[str, Any]:
        """Have blocks of texts read into the cache; return what the model is.

        Args:
            blocks: Each is read by one task.
            settings: The settings that the model must turn out to have; empty for any.

        Raises:
            ToolkitError: A task failed, or an executor cannot be reached. What other tasks read
                stands.
        """
        from pipelines.cluster.reading_step import ABOUT, BLOCKS, Read, write_blocks

        n_most, make, wait = _executor(self.choice)
        n_tasks = min(n_most, len(blocks))
        folder = self.cache / TASKS / secrets.token_hex(8)
        folder.mkdir(parents=True, mode=0o700)
        n_texts = sum(map(len, blocks))
        print(
            f"leximark: {self.source}: {_count(n_texts, 'text')} to read in "
            f"{_count(n_tasks, 'task')}",
            file=sys.stderr,
        )
        try:
            write_blocks(folder / BLOCKS, blocks)
            run_tasks(Read(folder, self.source, self.options, settings), n_tasks, make, wait)
        finally:  # logs of tasks that failed stay, texts do not
            (folder / BLOCKS).unlink(missing_ok=True)
        about: dict[str, Any] = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        shutil.rmtree(folder)
        return about


@dataclass
class SpreadModel:
    """A suspect or reference that is never loaded in this process."""

    name: str
    fingerprint: str
    settings: str
    abilities: frozenset[str]
    reading: Reading
    _store: TraceStore | None = None

    def read_ahead(self, lists: Sequence[Sequence[Query]]) -> None:
        """Have the texts read that are not in the cache."""
        store = self._opened()
        blocks = [
            queries[numbers.start : numbers.stop]
            for queries in lists
            for numbers in text_blocks(queries)
        ]
        if missing := [block for block in blocks if len(store.find(block)) < len(block)]:
            self.reading.run(missing, self.settings)
            self._store = None

    def trace(
        self, queries: Sequence[Query], known: Container[int] = ()
    ) -> Iterator[tuple[int, Trace]]:
        """Yield the index of each query and its trace, after tasks read those not in the cache.

        Raises:
            ToolkitError: A task failed.
        """
        self.read_ahead([queries])
        rows = self._opened().find(queries)
        if len(rows) < len(queries):
            raise ModelError(
                f"{self.name}: tasks read {len(queries):,} texts, and {len(rows):,} are in "
                f"{self.reading.cache}: do all tasks see this folder?"
            )
        yield from self._opened().load({i: row for i, row in rows.items() if i not in known})

    def _opened(self) -> TraceStore:
        if self._store is None:
            self._store = TraceStore(self.reading.cache, self)
        return self._store


def open_spread(
    choice: ExecutorChoice, name: str, source: ModelSource, options: ModelOptions
) -> SpreadModel:
    """Open a model that the tasks of an executor run.

    The first time, a task loads it to say what it is: this machine may be unable to.

    Args:
        choice: Where tasks run.
        name: The model, as `load_model` takes it.
        source: What it stands for.
        options: How the model is run.

    Raises:
        PrerequisiteError: There is no cache, a server runs the model, or the executor cannot be
            reached.
        ToolkitError: The model cannot be loaded there.
    """
    if options.cache is None:
        raise PrerequisiteError("--executor: what tasks read meets in the cache: leave --no-cache")
    if source.fingerprint is None:
        raise PrerequisiteError(
            f"--executor: {name} is run by its server; set --connections to ask it more at a time"
        )
    check_installed(choice)
    elsewhere = replace(options, cache=options.cache.absolute(), opener=None, texts=())
    reading = Reading(choice, _absolute(name), elsewhere)

    def describe() -> SpreadModel:
        about = reading.run([[Query(SPECIMEN)]])
        abilities = frozenset(about["abilities"])
        return SpreadModel(source.name, about["fingerprint"], about["settings"], abilities, reading)

    versions = f"torch {version('torch')}, transformers {version('transformers')}"
    known = open_cached(
        options.cache,
        name=source.name,
        fingerprint=source.fingerprint(),
        request=f"{choice}, {source.engine}, {options.inference()}, {versions}",
        open_model=describe,
    )
    return SpreadModel(known.name, known.fingerprint, known.settings, known.abilities, reading)


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'s' * (n != 1)}"


def _absolute(name: str) -> str:
    """Return what names the same model from any folder."""
    prefix = PREFIX if name.startswith(PREFIX) else ""
    path = Path(name.removeprefix(prefix))
    return f"{prefix}{path.absolute()}" if path.exists() else name


def _executor(choice: ExecutorChoice) -> tuple[int, Make, Callable[[Any], None]]:
    """Return the greatest number of tasks, what makes an executor, and what waits for it."""
    if choice.kind == "slurm":
        settings = executors.read_slurm_settings(Path(choice.argument))
        settings |= {"max_array_launch_parallel": False}  # so that the last job ends last
        make = partial(executors.make_slurm, settings=settings, depends=None)
        return settings["tasks"], make, executors.wait_for_jobs
    if choice.kind == "ray":
        n_cpus, n_gpus = executors.connect_ray(choice.argument)
        make = partial(executors.make_ray, gpus_per_task=min(n_gpus, 1))
        return n_gpus or n_cpus, make, _is_over
    return int(choice.argument), executors.make_local, _is_over


def _is_over(executor: Any) -> None:
    """Do nothing: `run` has waited for the tasks."""
