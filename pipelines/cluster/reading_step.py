"""Reading texts with a model as a step of datatrove."""

import json
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from membership.models.local.inference_settings import device_of_task
from membership.traces.store import write_json
from membership.traces.trace import Query, Slot
from pipelines.cluster.step import Step
from pipelines.loading.models import ModelOptions, load_model
from watermark.errors import ModelError

BLOCKS, ABOUT = "blocks.jsonl", "about.json"


class Read(Step):
    """Run every `n_tasks`-th block of texts through a model; its traces go into the cache."""

    name = "read"
    needs_own_process = True

    def __init__(self, folder: Path, source: str, options: ModelOptions, settings: str) -> None:
        """Keep what all tasks share.

        Args:
            folder: Has the blocks; gets messages, logs, and what the model is.
            source: The model, as `load_model` takes it.
            options: How it is run.
            settings: The settings that it must turn out to have; empty for any.
        """
        super().__init__(folder)
        self.source, self.options, self.settings = source, options, settings

    def do(self, rank: int, n_tasks: int) -> None:
        """Read the blocks whose turn it is."""
        device = device_of_task(self.options.device, rank)
        model = load_model(self.source, replace(self.options, device=device))
        if self.settings and model.settings != self.settings:
            raise ModelError(
                f"{model.name}: is run as {model.settings!r} here and as {self.settings!r} "
                "elsewhere, which are not the same numbers: set --dtype and --device"
            )
        if rank == 0:
            about = {name: getattr(model, name) for name in ("fingerprint", "settings")}
            write_json(self.messages / ABOUT, about | {"abilities": sorted(model.abilities)})
        for number, queries in enumerate(read_blocks(self.messages / BLOCKS)):
            if number % n_tasks == rank:
                deque(model.trace(queries), maxlen=0)


def write_blocks(path: Path, blocks: Iterable[Sequence[Query]]) -> None:
    """Write a line of JSON a block; lone surrogates are kept."""
    with path.open("w", encoding="utf-8") as file:
        for block in blocks:
            lines = [
                [q.text, [[s.start, s.original, s.candidates] for s in q.slots]] for q in block
            ]
            file.write(json.dumps(lines) + "\n")


def read_blocks(path: Path) -> Iterator[list[Query]]:
    """Read what `write_blocks` wrote."""

    def slot(start: int, original: str, candidates: Any) -> Slot:
        return Slot(start, original, tuple(candidates))

    with path.open(encoding="utf-8") as file:
        for line in file:
            yield [Query(text, tuple(slot(*s) for s in slots)) for text, slots in json.loads(line)]
