"""`leximark evaluate` itself is run in test_score.py."""

import numpy as np
import pytest

from pipelines.jobs.evaluate import BLIND, evaluate_scores, table_lines
from pipelines.reporting.score_file import ScoreFile

N = 40
MEMBERS = np.arange(N) % 2 == 1
ALIKE = tuple(f"the same words in number {i // 2}" for i in range(N))
APART = tuple(f"{'river' if m else 'mountain'} number {i // 2}" for i, m in enumerate(MEMBERS))


def evaluate(texts, **scores):
    table = ScoreFile(texts, (), {k: np.array(v, dtype=float) for k, v in scores.items()})
    return evaluate_scores(table, MEMBERS, n_resamples=99)


def test_detectors_come_best_first_and_are_never_flipped():
    found = evaluate(ALIKE, wrong=-1.0 * MEMBERS, chance=np.zeros(N), right=1.0 * MEMBERS)
    areas = {name: each.auroc for name, each in found.detectors.items()}
    assert areas == {"right": 1.0, "chance": 0.5, "wrong": 0.0}
    assert list(areas) == ["right", "chance", "wrong"]


def test_a_detector_without_scores_in_a_group_is_skipped_with_its_reason():
    found = evaluate(ALIKE, right=1.0 * MEMBERS, half=np.where(MEMBERS, 1.0, np.nan))
    assert list(found.detectors) == ["right"]
    assert list(found.skipped) == ["half"]
    assert f"Not evaluated: half ({found.skipped['half']})." in table_lines(found)


def test_texts_that_are_alike_give_no_warning():
    found = evaluate(ALIKE, right=1.0 * MEMBERS)
    assert found.blind.auroc < 0.7
    assert found.warning == ""
    assert table_lines(found)[0].startswith("| detector |")


@pytest.mark.parametrize(
    ("score", "said"),
    [(1.0 * MEMBERS, "separate the groups better"), (np.zeros(N), "separate the groups better")],
)
def test_texts_that_differ_give_a_warning(score, said):
    found = evaluate(APART, d=score)
    assert found.blind.auroc == 1.0
    assert said in found.warning
    assert table_lines(found)[0] == f"**Beware: {found.warning}.**"


def test_the_table_has_the_blind_baseline_first_and_says_how_many_were_scored():
    lines = table_lines(evaluate(ALIKE, right=np.where(np.arange(N) == 1, np.nan, 1.0 * MEMBERS)))
    rows = [line.split(" | ") for line in lines if line.startswith("| ")]
    assert [row[0] for row in rows] == ["| detector", f"| {BLIND}", "| right"]
    assert rows[2][1] == "1.000"
    assert rows[2][-1] == f"{N - 1} |"
    assert any("With 20 nonmembers" in line and line.count("0.05") == 1 for line in lines)
