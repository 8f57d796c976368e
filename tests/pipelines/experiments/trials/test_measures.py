from dataclasses import replace

import numpy as np
import pytest

from membership.audit.corpus import AuditCorpus
from membership.audit.observations import Observations, SiteLogprobs
from membership.detector import Score
from membership.evidence.holdout import holdout_test
from membership.traces.trace import CandidateLogprobs
from pipelines.experiments.trials.measures import (
    DETECTOR,
    WITH_REFERENCE,
    mann_whitney,
    measure_detectors,
    measure_power,
    measure_tests,
    tpr_at,
)
from watermark.document import Document, Site
from watermark.keys import Key

N, N_SITES = 60, 6


def observations(key, *, gain=0.0, shift=0.0, seed=0):
    """Half are members: scored higher by `shift`, their chosen words preferred by `gain`."""
    rng = np.random.default_rng(seed)
    documents = tuple(Document(f"d{i}", f"text {i}") for i in range(N))
    published = np.arange(N) % 2 == 0
    sites = tuple(
        tuple(Site(d.id, 10 * j, "big", ("big", "large"), f"{d.id}:{j}") for j in range(N_SITES))
        if member
        else ()
        for d, member in zip(documents, published, strict=True)
    )
    flat = tuple(site for some in sites for site in some)

    def read(gain):
        logprob = rng.normal(0, 1, (len(flat), 2))
        for row, site in zip(logprob, flat, strict=True):
            row[key.draw(site.draw, 2)] += gain
        return tuple(CandidateLogprobs(row) for row in logprob)

    values = rng.normal(0, 1, (2, N)) + shift * published
    return Observations(
        AuditCorpus(documents, published, documents, sites, ((),) * N),
        SiteLogprobs(flat, read(gain), {"base": read(0.0)}),
        {
            DETECTOR: [Score(value) for value in values[0]],
            WITH_REFERENCE: [Score(value) for value in values[1]],
        },
    )


def measured(measures):
    return {(m.name, m.of, m.at): m.value for m in measures}


def test_tpr_is_the_largest_one_within_the_limit():
    outside = np.arange(20.0)  # 1 of 20 is 5 %
    assert tpr_at(0.05, np.array([18.5, 18.7, 19.5, 3.0]), outside) == 0.75
    assert tpr_at(0.049, np.array([18.5, 18.7, 19.5, 3.0]), outside) == 0.25


def test_detectors_are_neither_flipped_nor_mixed_up(key):
    found = observations(key, shift=-2.0)
    values = measured(measure_detectors(found))
    assert values["auroc", DETECTOR, 0] < 0.3
    assert values["tpr_at_5_fpr", DETECTOR, 0] < 0.1


def test_an_unscored_document_is_left_out(key):
    found = observations(key, shift=5.0)
    found.scores[DETECTOR][0] = Score(np.nan, "no token was scored")
    aurocs = {m.of: m for m in measure_detectors(found) if m.name == "auroc"}
    assert aurocs[DETECTOR].n == N - 1
    assert aurocs[DETECTOR].value > 0.95


def test_tests_find_the_key_and_the_shift_apart(key):
    marks = measured(measure_tests(observations(key, gain=1.0), key, 9_999))
    assert marks["pvalue", "redraw", 0] == pytest.approx(1e-4)
    assert marks["pvalue", "redraw, no reference", 0] == pytest.approx(1e-4)
    assert marks["pvalue", "holdout", 0] > 0.01
    assert marks["pvalue", "welch", 0] > 0.01
    wrong = measured(measure_tests(observations(key, gain=1.0), Key(bytes(32)), 9_999))
    assert wrong["pvalue", "redraw", 0] > 0.01
    shifted = measured(measure_tests(observations(key, shift=2.0), key, 9_999))
    assert shifted["pvalue", "redraw", 0] > 0.01
    assert shifted["pvalue", "holdout", 0] == pytest.approx(1e-4)
    assert shifted["pvalue", "welch", 0] < 1e-4


def test_welch_is_two_sided_as_released(key):
    values = measured(measure_tests(observations(key, shift=-2.0), key, 999))
    assert values["pvalue", "welch", 0] < 1e-4
    assert values["pvalue", "holdout", 0] > 0.9


def test_power_grows_with_documents_and_is_nothing_without_a_signal(key, monkeypatch):
    monkeypatch.setattr("pipelines.experiments.trials.measures.N_SUBSETS", 20)
    monkeypatch.setattr("pipelines.experiments.trials.measures.SUBSETS", (3, 15, 50))
    power = measured(measure_power(observations(key, gain=2.0), key, seed=0))
    assert power["power_at_0.001", "redraw", 3] < power["power_at_0.001", "redraw", 15] == 1.0
    assert power["power_at_0.001", "holdout", 15] < 0.2
    assert ("power_at_0.001", "redraw", 50) not in power  # there are 30 members
    null = measured(measure_power(observations(key), key, seed=0))
    assert max(null[at] for at in null if at[0] != "power_at_0.05") <= 0.1
    assert power["power_at_1e-06", "redraw", 15] > 0.5  # by the bound, below the floor


def test_the_exact_holdout_test_is_that_of_the_permutations(key):
    rng = np.random.default_rng(0)
    inside, outside = rng.normal(0.8, 1, 20), rng.normal(0, 1, 25)
    permuted = holdout_test(
        {"a": inside}, {"a": outside}, detectors=["a"], alpha=0.001, n_resamples=99_999
    )
    assert mann_whitney(inside, outside) == pytest.approx(permuted.pvalue, rel=0.1)
    assert mann_whitney(inside + 9, outside) < 1e-9
    assert mann_whitney(np.full(3, np.nan), outside) == 1.0


def test_an_unmarked_corpus_has_no_redraw_test(key):
    found = observations(key)
    bare = replace(found.corpus, sites=((),) * N)
    unmarked = Observations(bare, SiteLogprobs((), (), {}), found.scores)
    assert {m.of for m in measure_tests(unmarked, key, 999)} == {
        "holdout",
        "holdout, no reference",
        "welch",
    }
