from pipelines.experiments.measures import ALPHAS, power_name
from pipelines.experiments.records_needed import describe, needed


def rows(powers, alpha=0.001):
    return [
        {"corpus": "news", "arm": "keyed word", "seed": seed, "measure": power_name(alpha),
         "of": "redraw", "value": value, "n": 100, "at": size}
        for seed in (0, 1)
        for size, value in powers.items()
    ]  # fmt: skip


def test_the_smallest_size_that_reaches_the_power_is_needed():
    assert needed(rows({3: 0.1, 5: 0.79, 8: 0.8, 10: 0.9}), "keyed word", "redraw", 0.001) == "8"
    assert needed(rows({3: 0.1, 5: 0.2}), "keyed word", "redraw", 0.001) == "> 5"
    assert needed([], "keyed word", "redraw", 0.001) == "-"


def test_the_page_has_a_column_a_level(tmp_path):
    some = [row for alpha in ALPHAS for row in rows({3: 0.9, 5: 1.0}, alpha)]
    assert "| keyed word | redraw | 3 | 3 | 3 |" in describe(some, tmp_path)
