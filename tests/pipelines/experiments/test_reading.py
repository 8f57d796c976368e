import csv
import json

import numpy as np
import pytest

from pipelines.experiments.reading import score, verdict, write_sheet
from watermark.document import Document, Site


@pytest.mark.parametrize(
    ("judgement", "original", "found"),
    [
        ("both", "one", "right"),
        ("two", "one", "right"),
        ("one", "one", "wrong"),
        ("one", "two", "right"),
        ("false two", "one", "false"),
        ("false one", "one", "wrong before as well"),
        ("neither", "two", "wrong before as well"),
    ],
)
def test_a_judgement_counts_for_the_word_that_was_put_in(judgement, original, found):
    assert verdict(judgement, original) == found


@pytest.fixture
def sheet(tmp_path):
    site = Site("d", 2, "big", ("big", "large"), "big.a:big|large#0/1")
    drawn = [("news", Document("d", "A big dog."), site)] * 20
    write_sheet(tmp_path, drawn, np.random.default_rng(0))
    return tmp_path


def fill(folder, judgement):
    with (folder / "sheet.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    with (folder / "sheet.tsv").open("w", encoding="utf-8", newline="") as file:
        sheet = csv.DictWriter(file, list(rows[0]), delimiter="\t")
        sheet.writeheader()
        sheet.writerows(row | {"judgement": judgement} for row in rows)
    return rows


def test_the_sheet_does_not_tell_the_original_and_the_table_counts_by_it(sheet):
    rows = fill(sheet, "one")
    answers = json.loads((sheet / "answers.json").read_text())
    assert set(answers) == {"one", "two"}
    for row, original in zip(rows, answers, strict=True):
        assert row[original] == "big"
        assert {row["one"], row["two"]} == {"big", "large"}
    n_wrong = answers.count("one")
    assert f"| wrong | {n_wrong} | {n_wrong} |" in score(sheet)


def test_a_row_without_a_judgement_is_refused(sheet):
    with pytest.raises(ValueError, match="row 0: wanted one of both, one"):
        score(sheet)
