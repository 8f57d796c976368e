"""Data sets as `datasets` loads them: from the hub, from a folder in the hub's form, in memory.

The only file that imports `datasets`. A corpus of this form is written as a `datasets` folder.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import datasets

from watermark.corpus.arrow_rows import batch_full_rows, batch_rows, check_schema, edit_batches
from watermark.corpus.datasets_folder import list_split, write_state, write_stream
from watermark.corpus.rows import Columns, Edit, FullRow, Row
from watermark.errors import CorpusError

_ROWS_A_BATCH = 64


@dataclass(frozen=True)
class LoadedSplit:
    """A `datasets.Dataset`, in memory or mapped from the library's cache."""

    dataset: Any
    name: str
    """Its name in the output folder; empty for a data set without splits."""
    columns: Columns
    place: str
    """What to call it in messages."""

    def rows(self) -> Iterator[Row]:
        """Yield the rows in the order that the data set has now."""
        self._check()
        needed = dict.fromkeys([self.columns.text, self.columns.id or self.columns.text])
        batches = _batches(self.dataset.with_format("arrow").select_columns(list(needed)))
        yield from batch_rows(batches, self.columns, self.place)

    def full_rows(self) -> Iterator[FullRow]:
        """Yield the same rows with all their columns."""
        self._check()
        batches = _batches(self.dataset.with_format("arrow"))
        yield from batch_full_rows(batches, self.columns, self.place)

    def rewrite(self, folder: Path, edit: Edit) -> None:
        """Write the split as a folder that `datasets.load_from_disk` reads."""
        split = folder / self.name
        split.mkdir(exist_ok=True)
        shard = "data-00000-of-00001.arrow"
        write_stream(split / shard, self.dataset.features.arrow_schema, self._edited(edit))
        self._info().write_to_directory(str(split))
        name = None if self.dataset.split is None else str(self.dataset.split)
        plain = {"_format_columns": None, "_format_type": None, "_output_all_columns": False}
        write_state(split, [shard], {**plain, "_format_kwargs": {}, "_split": name})
        list_split(folder, self.name)

    def _edited(self, edit: Edit) -> Iterator[Any]:
        self._check()
        batches = _batches(self.dataset.with_format("arrow"))
        return edit_batches(batches, self.columns, self.place, edit)

    def _check(self) -> None:
        check_schema(self.dataset.features.arrow_schema, self.columns, self.place)

    def _info(self) -> Any:
        """Return what is known of the data set without the sizes and paths of its old files."""
        info = self.dataset.info
        return datasets.DatasetInfo(
            description=info.description,
            citation=info.citation,
            homepage=info.homepage,
            license=info.license,
            features=self.dataset.features,
        )


def load(source: str, split: str | None) -> Any:
    """Load a data set from the hub, or from a local folder in the hub's form.

    Args:
        source: A path, or `owner/name` or `owner/name:configuration` on the hub.
        split: One split, also a part of it as in `train[:1000]`; None for all splits.

    Raises:
        CorpusError: The data set does not exist, or the hub cannot be reached.
    """
    name, _, configuration = (source, "", "") if Path(source).is_dir() else source.partition(":")
    try:
        with bars_only_on_terminals():
            return datasets.load_dataset(name, configuration or None, split=split)
    except (OSError, ValueError, RuntimeError, datasets.exceptions.DatasetsError) as error:
        reason = " ".join(str(error).split())
        raise CorpusError(
            f"{source}: wanted a file, a folder, or a data set `owner/name` on the hub (with "
            f"`:configuration` if it has several), but {reason}"
        ) from error


def loaded_parts(
    loaded: object, columns: Columns, split: str | None, place: str
) -> tuple[LoadedSplit, ...]:
    """Return the splits of a loaded data set as parts of a corpus.

    Raises:
        CorpusError: The split is not there, or the data set is one that cannot be read twice.
    """
    splits = dict(loaded) if isinstance(loaded, datasets.DatasetDict) else {"": loaded}
    if split is not None and split not in splits:
        listed = ", ".join(repr(name) for name in splits if name) or "no splits"
        raise CorpusError(f"{place}: wanted split {split!r}, but the data set has {listed}")
    if split is not None:
        splits = {"": splits[split]}
    for dataset in splits.values():
        if not isinstance(dataset, datasets.Dataset):
            raise CorpusError(
                f"{place}: wanted a datasets.Dataset or DatasetDict, got "
                f"{type(dataset).__name__}; save a stream to a file first"
            )
    return tuple(
        LoadedSplit(dataset, name, columns, f"{place}[{name}]" if name else place)
        for name, dataset in splits.items()
    )


def make_dataset(rows: Sequence[Mapping[str, str]]) -> Any:
    """Return rows as a `datasets.Dataset` in memory."""
    return datasets.Dataset.from_list([dict(row) for row in rows])


def load_saved(folder: Path) -> Any:
    """Load a data set that was saved, mapped from its files."""
    return datasets.load_from_disk(str(folder))


def _batches(dataset: Any) -> Iterator[Any]:
    for table in dataset.iter(_ROWS_A_BATCH):
        yield from table.to_batches()


@contextmanager
def bars_only_on_terminals() -> Iterator[None]:
    """Keep the progress bars of `datasets` out of logs and pipes."""
    if sys.stderr.isatty() or datasets.are_progress_bars_disabled():
        yield
        return
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        datasets.enable_progress_bars()
