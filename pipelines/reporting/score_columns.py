"""Scores as columns of a `datasets.Dataset`, in the order of a score file.

The columns of the data set come first, then `unscored`, then one column a detector.
"""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from membership.detector import Score
from pipelines.reporting.score_file import UNSCORED, ScoreFile
from watermark.errors import CorpusError

if TYPE_CHECKING:
    from datasets import Dataset


def column(dataset: "Dataset", name: str) -> list[Any]:
    """Return the cells of a column.

    Raises:
        CorpusError: There is no such column.
    """
    if name not in dataset.column_names:
        columns = ", ".join(map(repr, dataset.column_names))
        raise CorpusError(f"there is no column {name!r}; the columns are {columns}")
    return list(dataset[name])


def refuse_clash(dataset: "Dataset", detectors: Sequence[str]) -> None:
    """Make sure that no column would be overwritten.

    Raises:
        CorpusError: The data set has a column with the name of a detector, or `unscored`.
    """
    if clash := {UNSCORED, *detectors} & set(dataset.column_names):
        raise CorpusError(f"the data set has a column {min(clash)!r} already; rename or remove it")


def add_scores(
    dataset: "Dataset", detectors: Sequence[str], rows: Sequence[Mapping[str, Score]]
) -> "Dataset":
    """Return a data set of n rows with the scores of its n documents after its columns."""
    reasons = [{name: found.reason for name, found in row.items() if found.reason} for row in rows]
    unscored = [json.dumps(each, ensure_ascii=False) if each else "" for each in reasons]
    dataset = dataset.add_column(UNSCORED, unscored)
    for name in detectors:
        dataset = dataset.add_column(name, [row[name].value for row in rows])
    return dataset


def read_score_columns(scored: "Dataset", text_column: str) -> ScoreFile:
    """Return the texts and scores of a data set that `add_scores` made.

    Raises:
        CorpusError: It has no scores, or no such column of texts.
    """
    names = scored.column_names
    if UNSCORED not in names:
        raise CorpusError(f"wanted a scored data set, but there is no column {UNSCORED!r}")
    detectors = names[names.index(UNSCORED) + 1 :]
    scores = {name: np.array(column(scored, name), dtype=np.float64) for name in detectors}
    return ScoreFile(tuple(column(scored, text_column)), (), scores)
