from pipelines.experiments.records_needed import describe
from pipelines.experiments.trials.lift import contrast, describe_lift, needed
from pipelines.experiments.trials.measures import ALPHAS, power_name


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


def auroc(arm, seed, value, of="loss"):
    return {
        "corpus": "news", "arm": arm, "seed": seed, "measure": "auroc", "of": of, "value": value,
        "n": 100, "at": 0,
    }  # fmt: skip


def test_a_contrast_is_paired_by_run():
    found = [auroc("none", 0, 0.5), auroc("none", 1, 0.9), auroc("none", 2, 0.7)]
    found += [auroc("keyed", 0, 0.51), auroc("keyed", 1, 0.91), auroc("keyed", 2, 0.71)]
    assert contrast(found, "keyed", "none", "loss") == "+0.010 ± 0.000"
    assert contrast(found, "none", "keyed", "loss") == "-0.010 ± 0.000"
    assert contrast(found, "keyed", "absent", "loss") == "-"


def test_the_page_says_what_marks_and_references_add(tmp_path):
    found = [
        auroc(arm, seed, value, of)
        for seed in (0, 1, 2)
        for arm, of, value in (
            ("none", "loss", 0.6),
            ("none", "loss_minus_reference", 0.8),
            ("keyed", "loss", 0.7),
            ("keyed", "loss_minus_reference", 0.85),
            ("keyed", "marked_words", 0.9),
        )
    ]
    page = describe_lift(found, tmp_path, arms=("none", "keyed"), contrasts=[("keyed", "none")])
    assert "| loss | +0.100 ± 0.000 |" in page
    assert "| loss | +0.200 ± 0.000 | +0.150 ± 0.000 |" in page
    assert "| marked_words | - | 0.900 ± 0.000 |" in page
    assert "nan" not in page
