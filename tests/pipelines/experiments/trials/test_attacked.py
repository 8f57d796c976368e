from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from membership.audit.corpus import AuditCorpus
from membership.audit.observations import Observations, SiteLogprobs
from membership.detector import Score
from pipelines.experiments.attacks import EXPERIMENT, cells
from pipelines.experiments.attacks_schemes import ATTACKS, SCHEMES
from pipelines.experiments.attacks_schemes import cells as cells_schemes
from pipelines.experiments.attacks_smollm2 import ARMS as ARMS_SMOLLM2
from pipelines.experiments.attacks_smollm2 import cells as cells_smollm2
from pipelines.experiments.trials.attack_arms import FROM_BASE, LEFT_BESIDE, MODEL_ARMS, TEXT_ARMS
from pipelines.experiments.trials.attack_run import with_beside
from pipelines.experiments.trials.attacked import (
    count_standing,
    documents_needed,
    measure_holdout,
    published_part,
)
from pipelines.experiments.trials.attacks_page import describe, needed
from pipelines.experiments.trials.schemes_page import describe as describe_schemes
from watermark.document import Document, Site


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
    rows += [row("strong", seed, "zscore", -1.0, "holdout_base") for seed in range(3)]
    rows += [row("strong", seed, "null_ks", 0.4 + seed / 10) for seed in range(3)]
    page = describe(rows, tmp_path)
    assert (tmp_path / "documents_needed.svg").exists()
    assert (tmp_path / "heat_map.svg").exists()
    assert page.index("| strong") < page.index("| mild")
    assert "| strong | all | 3 | 1,278 (850 to 2,132) | not reached |" in page
    assert "0.40 to 0.60" in page
    middle, fewest, most = needed([r for r in rows if r["attack"] == "mild"])
    assert fewest < middle < most
    assert "no reference" not in page  # nothing was measured without one


def corpus_of(published):
    documents = tuple(Document(f"d{number}", f"text {number}") for number in range(len(published)))
    sites = tuple((Site(d.id, 0, "text", ("text", "prose"), "text"),) for d in documents)
    choices = tuple((number % 2,) for number in range(len(published)))
    return AuditCorpus(documents, np.array(published), documents, sites, choices)


def test_the_published_part_keeps_documents_sites_and_choices_together():
    part = published_part(corpus_of([True, False, False, True]))
    assert [document.id for document in part.documents] == ["d0", "d3"]
    assert [sites[0].document_id for sites in part.sites] == ["d0", "d3"]
    assert part.choices == ((0,), (1,))
    assert part.published.all()


def test_the_holdout_test_is_measured_with_the_base_and_without():
    published = [True] * 6 + [False] * 6
    low, high = [Score(float(i)) for i in range(6)], [Score(10.0 + i) for i in range(6)]
    scores = {"min_k_plus_plus": high + low, "loss_minus_reference": low + high}
    found = Observations(corpus_of(published), SiteLogprobs((), (), {}), scores)
    measured = {(m.name, m.of): m for m in measure_holdout(found)}
    assert measured["effect", "holdout_none"].value == 1.0
    assert measured["effect", "holdout_base"].value == 0.0
    assert (
        measured["pvalue", "holdout_none"].value < 0.01 < measured["pvalue", "holdout_base"].value
    )
    assert measured["zscore", "holdout_none"].n == 6  # published documents
    everything = replace(found, corpus=corpus_of([True] * 12))
    assert list(measure_holdout(everything)) == []


def test_the_page_of_schemes_has_a_row_for_each_and_a_column_for_each_attack(tmp_path):
    rows = [
        row(attack, seed, "zscore", z + seed, of) | {"scheme": scheme}
        for scheme, factor in (("words", 1.0), ("letters", 0.5))
        for attack, z in (("none", 10.0 * factor), ("adaptive", 5.0 * factor))
        for seed in range(2)
        for of in ("base", "none", "holdout_base")
    ]
    page = describe_schemes(rows, tmp_path)
    assert "| marks | none | adaptive |" in page
    assert page.count("| words |") == page.count("| letters |") == 4
    assert len({cell.name for cell in cells_schemes(2)}) == 2 * len(SCHEMES) * len(ATTACKS)


def test_every_arm_is_a_cell_of_every_seed():
    found = cells(2)
    assert len(found) == 2 * (len(TEXT_ARMS) + len(MODEL_ARMS) + len(FROM_BASE))
    assert len({cell.name for cell in found}) == len(found)
    assert EXPERIMENT.name == "attacks"


def test_the_large_model_meets_arms_that_the_tiny_one_meets_too():
    assert set(ARMS_SMOLLM2) <= {*TEXT_ARMS, *MODEL_ARMS, *FROM_BASE}
    assert len(cells_smollm2(3)) == 3 * len(ARMS_SMOLLM2)


def test_half_of_the_published_texts_stand_beside_the_attacked_ones():
    published = [Document(str(number), "as it was") for number in range(4)]
    attacked = [None, *(Document(d.id, "new") for d in published[1:])]
    assert with_beside(attacked, published, 0.5) == [*attacked, *published[:2]]
    assert with_beside(attacked, published, 0.0) == attacked
    assert set(LEFT_BESIDE) <= set(TEXT_ARMS)
