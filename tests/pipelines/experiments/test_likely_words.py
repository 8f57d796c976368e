import numpy as np
import pytest

from pipelines.experiments.likely_words import JudgedPlace, describe, gains, place_of
from watermark.substitution.model_features import Likelihood


class Reader:
    """A language model that likes a word the less the longer it is, and sees nothing else."""

    def read(self, contexts):
        return [Likelihood(-float(c.end - c.start), -1.0) for c in contexts]


def place(original, put_in, *verdicts):
    return JudgedPlace("They bought a ", original, put_in, " house.", verdicts)


def test_the_gain_is_that_of_the_word_put_in(resources):
    places = [place("big", "large", "right", "right"), place("large", "big", "wrong", "right")]
    not_a_word = place("big old", "large", "right", "right")
    found = gains([*places, not_a_word], resources.nlp, Reader())
    assert found[:2] == pytest.approx([-2.0, 2.0])
    assert np.isnan(found[2])


def test_the_table_counts_readings_that_object():
    places = [place("a", "b", "right", "right")] * 3 + [place("a", "b", "wrong", "false")]
    lines = list(describe(places, np.array([0.0, 1.0, -3.5, -4.5])))
    assert lines[0] == "4 of 4 places were read; AUROC of the gain 1.00."
    table = {line.split(" | ")[0].strip("| "): line for line in lines}
    assert "| 4 | 100% | 50.0 (" in table["-inf"]
    assert "| 3 | 75% | 0.0 (" in table["-4"]
    assert "| 2 | 50% | 0.0 (" in table["-3"]


def test_a_line_of_the_file_is_a_place():
    row = {"sheet": 90, "before": "x ", "original": "a", "put_in": "b", "after": " y"}
    found = place_of(row | {"verdicts": ["wrong", "wrong before as well"]})
    assert found == JudgedPlace("x ", "a", "b", " y", ("wrong", "wrong before as well"))
    assert found.n_objections == 1
