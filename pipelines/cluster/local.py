"""An executor of processes of this machine that notices when one of them is killed.

The pool of datatrove's own executor waits for ever for the result of such a process.
"""

import multiprocessing
import os
import signal
import sys
from multiprocessing.process import BaseProcess
from threading import Thread
from typing import Any

from datatrove.executor import LocalPipelineExecutor


class LocalProcesses(LocalPipelineExecutor):  # type: ignore[misc]
    """One process a task; a single task runs in this process, unless its step forbids it."""

    def run(self) -> None:
        """Run the tasks that are not complete, and wait for all of them."""
        ranks = self.get_incomplete_ranks()
        self.save_executor_as_json()
        (step,) = self.pipeline
        if self.tasks == 1 and not step.needs_own_process:
            for rank in ranks:
                self._run_for_rank(rank)
            return
        context = multiprocessing.get_context("spawn")  # a fork would copy locks of threads
        processes = {rank: context.Process(target=_run, args=(self, rank)) for rank in ranks}
        try:
            for process in processes.values():
                process.start()
            for rank, process in processes.items():
                process.join()
                self._note_death(rank, process)
        finally:
            for process in processes.values():
                if process.pid is not None and process.is_alive():
                    process.terminate()

    def _note_death(self, rank: int, process: BaseProcess) -> None:
        """Leave the message that a killed process could not leave."""
        code = process.exitcode
        if code is None or code >= 0:
            return
        (step,) = self.pipeline
        by = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
        why = "; the system does this when memory runs out" if by == "SIGKILL" else ""
        step.note_failure(rank, f"its process was ended by {by}{why}", fixable=False)


def _run(executor: Any, rank: int) -> None:
    """Run a task in a process of its own, which ends with the command."""
    Thread(target=_end_with_the_command, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the command ends its processes itself
    try:
        executor._run_for_rank(rank)
    except RuntimeError:  # the step left a message
        sys.exit(1)


def _end_with_the_command() -> None:
    command = multiprocessing.parent_process()
    assert command is not None
    command.join()
    os._exit(1)
