"""The file of scores: the columns of the corpus first, then `unscored`, then the detectors.

`unscored` is a JSON object: for each detector that has no score, the reason. In Parquet a missing
score is null, in JSON Lines null, in CSV an empty cell.
"""

import csv
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from membership.detector import Score
from pipelines.loading.labelled import Record, read_records
from watermark.atomic import atomic_file, refuse_existing
from watermark.errors import CorpusError, ToolkitError

UNSCORED = "unscored"
FORMS = (".parquet", ".jsonl", ".csv")


@dataclass(frozen=True)
class ScoreFile:
    """Documents with their scores, as they stand in a file."""

    texts: tuple[str, ...]
    columns: tuple[Mapping[str, Any], ...]
    """What the corpus had beside the text: `id`, labels, and so on."""
    scores: Mapping[str, NDArray[np.float64]]
    """Scores by detector; NaN for an unscored document."""


def check_target(path: Path) -> None:
    """Make sure that a score file can be written there.

    Raises:
        ToolkitError: It exists, or its name says no form.
    """
    if path.suffix.lower() not in FORMS:
        raise ToolkitError(f"{path}: a score file ends in {', '.join(FORMS)}")
    refuse_existing(path)


def write_scores(
    path: Path, records: Sequence[Record], scores: Sequence[Mapping[str, Score]]
) -> None:
    """Write a score file in the form that its name says.

    Raises:
        CorpusError: A column of the corpus has the name of one of ours.
    """
    rows = [_row(record, own) for record, own in zip(records, scores, strict=True)]
    with atomic_file(path) as draft:
        if path.suffix.lower() == ".parquet":
            pq.write_table(_arrow(rows), draft)
        elif path.suffix.lower() == ".jsonl":
            lines = (json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in rows)
            draft.write_text("".join(lines), encoding="utf-8")
        else:
            with draft.open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, list(dict.fromkeys(k for row in rows for k in row)))
                writer.writeheader()
                writer.writerows(rows)


def _row(record: Record, scores: Mapping[str, Score]) -> dict[str, Any]:
    carried = {k: v for k, v in record.columns.items() if k not in ("id", "text")}
    if clash := {UNSCORED, *scores} & carried.keys():
        raise CorpusError(
            f"document {record.document.id!r}: the corpus has a column {min(clash)!r}, which is "
            "the name of one of the score file; rename it"
        )
    reasons = {name: score.reason for name, score in scores.items() if score.reason}
    values = {n: None if math.isnan(s.value) else s.value for n, s in scores.items()}
    document = record.document
    unscored = json.dumps(reasons, ensure_ascii=False) if reasons else ""
    return {"id": document.id, "text": document.text, **carried, UNSCORED: unscored, **values}


def _arrow(rows: Sequence[Mapping[str, Any]]) -> Any:
    names = list(dict.fromkeys(name for row in rows for name in row))
    behind = names.index(UNSCORED)
    columns = {}
    for position, name in enumerate(names):
        cells = [row.get(name) for row in rows]
        kind = pa.float64() if position > behind else None
        try:
            columns[name] = pa.array(cells, type=kind)
        except pa.ArrowInvalid:  # cells of several types, as JSON Lines may have
            columns[name] = pa.array([None if c is None else str(c) for c in cells])
    return pa.table(columns)


def read_scores(path: Path) -> ScoreFile:
    """Read a score file; columns to the right of `unscored` are detectors.

    Raises:
        CorpusError: It is not a score file.
    """
    records = read_records(str(path), text_column="text")
    names = list(records[0].columns)
    if UNSCORED not in names:
        raise CorpusError(
            f"{path}: wanted a file of `leximark score`, but it has no column {UNSCORED!r}"
        )
    behind = names.index(UNSCORED)
    detectors = names[behind + 1 :]
    scores = {n: np.array([_number(r.columns.get(n), n) for r in records]) for n in detectors}
    return ScoreFile(
        tuple(record.document.text for record in records),
        tuple({k: record.columns.get(k) for k in names[:behind]} for record in records),
        scores,
    )


def _number(cell: Any, name: str) -> float:
    if cell in (None, ""):
        return math.nan
    try:
        return float(cell)
    except (TypeError, ValueError) as error:
        raise CorpusError(f"column {name!r}: wanted a score, got {cell!r}") from error
