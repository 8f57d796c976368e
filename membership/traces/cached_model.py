"""A suspect with a cache on disk, so that no text is run twice."""

import hashlib
import json
from collections.abc import Callable, Container, Iterator, Sequence
from functools import cached_property
from pathlib import Path

from membership.traces.store import TraceStore, write_json
from membership.traces.suspect_protocol import Sampling, Suspect, TextGenerator
from membership.traces.trace import Query, Trace
from watermark.errors import ModelError, PrerequisiteError, ToolkitError
from watermark.limits import NOTE
from watermark.safe_json import read_json_file

CHECKS = 2
"""Raised whenever more models are refused when they are opened: a model that an older version
opened is then opened once more before its stored traces are used."""


class CachedModel:
    """A model with a store of its traces; it is loaded only if a text is not in the store."""

    def __init__(
        self,
        folder: Path,
        *,
        name: str,
        fingerprint: str,
        settings: str,
        abilities: frozenset[str],
        open_model: Callable[[], Suspect],
    ) -> None:
        """Store what is known of the model before it is loaded."""
        self.name, self.fingerprint = name, fingerprint
        self.settings, self.abilities = settings, abilities
        self._open, self._folder = open_model, folder

    @cached_property
    def _model(self) -> Suspect:
        model = self._open()
        if (model.fingerprint, model.settings) != (self.fingerprint, self.settings):
            raise ModelError(f"{self.name}: was changed while it was read; try again")
        return model

    @cached_property
    def _store(self) -> TraceStore:
        return TraceStore(self._folder, self)

    def trace(
        self, queries: Sequence[Query], known: Container[int] = ()
    ) -> Iterator[tuple[int, Trace]]:
        """Yield the index of a query and its trace: first the stored traces, then the others.

        New traces are stored even if the iteration is interrupted.

        Raises:
            ToolkitError: The store cannot be read, or the model raised it.
        """
        rows = {i: row for i, row in self._store.find(queries).items() if i not in known}
        yield from self._store.load(rows)
        done = {index for index in range(len(queries)) if index in rows or index in known}
        if len(done) == len(queries):
            return
        try:
            for index, trace in self._model.trace(queries, done):
                self._store.add(queries[index], trace)
                yield index, trace
        finally:
            self._store.flush()

    def write(
        self, prompts: Sequence[str], sampling: Sampling, *, max_tokens: int
    ) -> list[list[str]]:
        """Return continuations of each prompt; see `suspect_protocol.TextGenerator`.

        Raises:
            PrerequisiteError: The model does not generate text.
        """
        if "text" not in self.abilities:
            raise PrerequisiteError(f"{self.name}: is not asked to write text")
        model: TextGenerator = self._model  # type: ignore[assignment]  # it has the ability
        return model.write(prompts, sampling, max_tokens=max_tokens)


def with_cache(model: Suspect, folder: Path) -> CachedModel:
    """Add a store to a loaded model."""
    return CachedModel(
        folder,
        name=model.name,
        fingerprint=model.fingerprint,
        settings=model.settings,
        abilities=model.abilities,
        open_model=lambda: model,
    )


def open_cached(
    folder: Path, *, name: str, fingerprint: str, request: str, open_model: Callable[[], Suspect]
) -> CachedModel:
    """Add a store to a model, and load the model only if the store does not know it.

    Args:
        folder: Root folder of the cache.
        name: Name of the model in a report.
        fingerprint: Fingerprint of the model's files.
        request: Everything else that determines how it is run: options, versions, machine.
        open_model: Loads the model.

    Raises:
        ToolkitError: The store cannot be read, or `open_model` raised it.
    """
    said = json.dumps([CHECKS, fingerprint, request])
    note = folder / f"{hashlib.sha256(said.encode()).hexdigest()[:32]}.json"
    if note.exists():
        try:
            known = read_json_file(note, NOTE)
            settings, abilities = str(known["settings"]), frozenset(known["abilities"])
        except (ValueError, KeyError, TypeError) as error:
            raise ToolkitError(
                f"{note}: the cache is damaged; remove it with `leximark cache --clear`"
            ) from error
        return CachedModel(
            folder,
            name=name,
            fingerprint=fingerprint,
            settings=settings,
            abilities=abilities,
            open_model=open_model,
        )
    model = open_model()
    if model.fingerprint != fingerprint:
        raise ModelError(f"{name}: was changed while it was read; try again")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_json(note, {"settings": model.settings, "abilities": sorted(model.abilities)})
    return with_cache(model, folder)
