import json

import datasets
import numpy as np
import pytest

from membership.detector import Score
from pipelines.reporting.score_columns import (
    add_scores,
    column,
    read_score_columns,
    refuse_clash,
)
from watermark.errors import CorpusError

TEXTS = ["one", "two"]
ROWS = [
    {"loss": Score(-1.5), "zlib": Score(-0.25)},
    {"loss": Score(-2.0), "zlib": Score(np.nan, "no token was scored")},
]


@pytest.fixture
def texts():
    return datasets.Dataset.from_dict({"body": TEXTS, "label": [1, 0]})


def test_scores_stand_behind_the_columns_and_the_reasons(texts):
    scored = add_scores(texts, ["loss", "zlib"], ROWS)
    assert scored.column_names == ["body", "label", "unscored", "loss", "zlib"]
    assert scored["loss"][:] == [-1.5, -2.0]
    assert scored["unscored"][0] == ""
    assert json.loads(scored["unscored"][1]) == {"zlib": "no token was scored"}


def test_what_was_added_is_read_back(texts):
    table = read_score_columns(add_scores(texts, ["loss", "zlib"], ROWS), "body")
    assert table.texts == ("one", "two")
    assert list(table.scores) == ["loss", "zlib"]
    np.testing.assert_array_equal(table.scores["loss"], [-1.5, -2.0])
    np.testing.assert_array_equal(table.scores["zlib"], [-0.25, np.nan])


@pytest.mark.parametrize("name", ["loss", "unscored"])
def test_a_column_that_would_be_overwritten_is_named(name):
    with pytest.raises(CorpusError, match=f"has a column '{name}' already"):
        refuse_clash(datasets.Dataset.from_dict({name: [1]}), ["loss"])


def test_what_is_missing_is_named(texts):
    with pytest.raises(CorpusError, match="no column 'text'; the columns are 'body', 'label'"):
        column(texts, "text")
    with pytest.raises(CorpusError, match="there is no column 'unscored'"):
        read_score_columns(texts, "body")
