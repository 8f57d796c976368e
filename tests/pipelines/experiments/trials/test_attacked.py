import numpy as np
import pytest
from scipy.stats import norm

from pipelines.experiments.attacks import EXPERIMENT, cells
from pipelines.experiments.attacks_smollm2 import ARMS as ARMS_SMOLLM2
from pipelines.experiments.attacks_smollm2 import cells as cells_smollm2
from pipelines.experiments.trials.attack_arms import FROM_BASE, MODEL_ARMS, TEXT_ARMS
from pipelines.experiments.trials.attacked import count_standing, documents_needed
from pipelines.experiments.trials.attacks_page import describe, needed


def test_marks_that_stand_are_counted_once_for_each_occurrence():
    text = "The abode, the abode! Purchased an elderly man."
    assert count_standing(["abode", "abode", "abode", "purchased", "an elderly"], text) == 4
    assert count_standing(["old"], "golden older") == 0


def test_documents_needed_by_hand():
    wanted = norm.isf(0.001) + norm.ppf(0.8)  # 3.09 + .84
    assert documents_needed(wanted, 100) == pytest.approx(100)
    assert documents_needed(2 * wanted, 100) == pytest.approx(25)  # z doubles: a quarter
    assert documents_needed(0.0, 100) == documents_needed(-1.0, 100) == np.inf


def test_documents_needed_reach_the_power_they_promise():
    n = documents_needed(10.0, 100)
    z = 10.0 * np.sqrt(n / 100) + np.random.default_rng(0).standard_normal(20_000)
    assert np.mean(z > norm.isf(0.001)) == pytest.approx(0.8, abs=0.01)


def row(attack, seed, measure, value, of=""):
    return {
        "attack": attack, "strength": "all", "seed": seed, "measure": measure, "of": of,
        "value": value, "n": 100,
    }  # fmt: skip


def test_the_page_puts_the_strongest_attack_first(tmp_path):
    rows = [row("mild", seed, "zscore", 8.0 + seed, "base") for seed in range(3)]
    rows += [row("strong", seed, "zscore", 1.0 + seed / 10, "base") for seed in range(3)]
    rows += [row("strong", seed, "null_ks", 0.4) for seed in range(3)]
    page = describe(rows, tmp_path)
    assert (tmp_path / "documents_needed.svg").exists()
    assert page.index("| strong") < page.index("| mild")
    middle, fewest, most = needed([r for r in rows if r["attack"] == "mild"])
    assert fewest < middle < most
    assert "not reached" in page  # without a reference nothing was measured


def test_every_arm_is_a_cell_of_every_seed():
    found = cells(2)
    assert len(found) == 2 * (len(TEXT_ARMS) + len(MODEL_ARMS) + len(FROM_BASE))
    assert len({cell.name for cell in found}) == len(found)
    assert EXPERIMENT.name == "attacks"


def test_the_large_model_meets_arms_that_the_tiny_one_meets_too():
    assert set(ARMS_SMOLLM2) <= {*TEXT_ARMS, *MODEL_ARMS, *FROM_BASE}
    assert len(cells_smollm2(3)) == 3 * len(ARMS_SMOLLM2)
