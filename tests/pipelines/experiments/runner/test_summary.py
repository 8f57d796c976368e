import numpy as np
import pytest

from pipelines.experiments.runner.summary import by_run, differences, markdown_table, mean_of


def test_a_mean_has_students_interval():
    # t(0.975, 2 degrees of freedom) = 4.302653; sd of 1, 2, 6 is sqrt(7)
    found = mean_of([1.0, 2.0, 6.0])
    assert found.value == pytest.approx(3.0)
    assert found.half_width == pytest.approx(4.302653 * np.sqrt(7 / 3), rel=1e-6)
    assert found.words(1) == "3.0 ± 6.6"


def test_a_single_run_has_no_interval():
    assert mean_of([0.25]).words(2, sign=True) == "+0.25"


def test_intervals_cover_as_often_as_they_say():
    draws = np.random.default_rng(0).normal(1.0, 2.0, (2000, 6))
    means = [mean_of(row) for row in draws]
    covered = np.mean([abs(mean.value - 1.0) < mean.half_width for mean in means])
    assert covered == pytest.approx(0.95, abs=0.02)


def rows(values, arm):
    return [{"arm": arm, "seed": seed, "value": value} for seed, value in values.items()]


def test_differences_are_of_the_same_run():
    ours, theirs = rows({0: 0.7, 1: 0.9, 2: 0.1}, "a"), rows({1: 0.5, 0: 0.6}, "none")
    assert differences(ours, theirs, ["seed"]) == pytest.approx([0.1, 0.4])


def test_two_values_of_one_run_are_an_error():
    with pytest.raises(ValueError, match="two values of"):
        by_run(rows({0: 1.0}, "a") + rows({0: 2.0}, "b"), ["seed"])


def test_a_table_is_markdown():
    assert markdown_table(["a", "b"], [["1", "2"]]) == [
        "| a | b |",
        "| --- | --- |",
        "| 1 | 2 |",
        "",
    ]
