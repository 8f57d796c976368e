"""A step of datatrove whose tasks say why they failed."""

import json
import traceback
from abc import abstractmethod
from pathlib import Path
from typing import Any

from datatrove.pipeline.base import PipelineStep
from datatrove.utils.logging import logger

from watermark.errors import ToolkitError

logger.disable("datatrove")  # it reports every file it opens, to the terminal


class Step(PipelineStep):  # type: ignore[misc]
    """Each task is told its number and how many there are; any of them may run twice.

    Steps are pickled and described in files of the run, so they hold where a key is and never the
    key.
    """

    type = "leximark"
    needs_own_process = False
    """Whether a single task, too, is run in a process of its own, whose memory ends with it."""

    def __init__(self, messages: Path) -> None:
        """Keep the folder in which tasks leave messages and logs."""
        super().__init__()
        self.messages = messages

    def run(self, data: Any = None, rank: int = 0, world_size: int = 1) -> None:
        """Do a task; if it fails, leave its message where the command finds it."""
        self.failed_file(rank).unlink(missing_ok=True)
        try:
            self.do(rank, world_size)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is passed on
            ours = isinstance(error, ToolkitError)
            said = str(error) if ours else "".join(traceback.format_exception(error))
            self.note_failure(rank, said, fixable=ours)
            # Not the error itself: one that cannot be unpickled makes a pool of processes wait.
            raise RuntimeError(f"{self.name}, task {rank}: {said}") from None

    def note_failure(self, rank: int, message: str, *, fixable: bool) -> None:
        """Leave a message of a task, and whether the user must fix its cause."""
        said = json.dumps({"fixable": fixable, "message": message})
        self.failed_file(rank).write_text(said, encoding="utf-8")

    def failed_file(self, rank: int) -> Path:
        """Return the file with the message of a task."""
        return self.messages / f"{self.name}-{rank}.failed"

    @abstractmethod
    def do(self, rank: int, n_tasks: int) -> None:
        """Do a task."""
