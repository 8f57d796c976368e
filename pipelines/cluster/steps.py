"""Survey, settle and mark as steps of datatrove.

The steps are pickled and described in files of the run, so they hold where the key is and never
the key.
"""

import json
import traceback
from abc import abstractmethod
from typing import Any

from datatrove.pipeline.base import PipelineStep
from datatrove.utils.logging import logger

from pipelines.loading.parallel import in_pieces
from pipelines.loading.site_finders import allowed_by_rules, load_finder, outside_boilerplate
from watermark.errors import ToolkitError
from watermark.marking.tasks import Work, assemble, mark_parts, settle, survey
from watermark.marking.workspace import BOILERPLATE, TASKS
from watermark.text.boilerplate import Boilerplate

logger.disable("datatrove")  # it reports every file it opens, to the terminal


class Step(PipelineStep):  # type: ignore[misc]
    """A step of marking: each of its tasks is told its number and how many there are."""

    type = "leximark"

    def __init__(self, work: Work) -> None:
        """Keep what all tasks share."""
        super().__init__()
        self.work = work

    def run(self, data: Any = None, rank: int = 0, world_size: int = 1) -> None:
        """Do a task; if it fails, leave its message where the command finds it."""
        path = self.work.folder / TASKS / f"{self.name}-{rank}.failed"
        path.unlink(missing_ok=True)
        try:
            self.do(rank, world_size)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is passed on
            ours = isinstance(error, ToolkitError)
            said = str(error) if ours else "".join(traceback.format_exception(error))
            path.write_text(json.dumps({"fixable": ours, "message": said}), encoding="utf-8")
            # Not the error itself: one that cannot be unpickled makes a pool of processes wait.
            raise RuntimeError(f"{self.name}, task {rank}: {said}") from None

    @abstractmethod
    def do(self, rank: int, n_tasks: int) -> None:
        """Do a task."""


class Survey(Step):
    """Find the sites of a share of the documents."""

    name = "survey"

    def do(self, rank: int, n_tasks: int) -> None:
        """Load what finds sites, and find them."""
        text = (self.work.folder / BOILERPLATE).read_text(encoding="utf-8")
        hashes, n_documents = json.loads(text)
        boilerplate = Boilerplate(frozenset(hashes), n_documents)
        find = in_pieces(load_finder(self.work.intent.scheme)[0])
        find = allowed_by_rules(self.work.rules, outside_boilerplate(boilerplate, find))
        survey(self.work, find, rank, n_tasks)


class Settle(Step):
    """Settle what needs all sites; a single task."""

    name = "settle"

    def do(self, rank: int, n_tasks: int) -> None:
        """Settle."""
        settle(self.work)


class Mark(Step):
    """Write a share of the parts of the corpus."""

    name = "mark"

    def do(self, rank: int, n_tasks: int) -> None:
        """Write them."""
        mark_parts(self.work, rank, n_tasks)


class Assemble(Step):
    """Put the parts together; a single task."""

    name = "assemble"

    def do(self, rank: int, n_tasks: int) -> None:
        """Put them together."""
        assemble(self.work)
