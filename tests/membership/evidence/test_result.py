from typing import Any

import numpy as np
import pytest

from membership.evidence import result as results
from membership.evidence.result import (
    detectable_shift,
    monte_carlo_pvalue,
    rounded_up,
)

NULL = np.array([0.0, 1.0, 2.0, 3.0])


def result(**changes):
    fields: dict[str, Any] = {
        "test": "redraw",
        "title": "re-draw test",
        "basis": "4 sites",
        "n_units": 4,
        "statistic": 3.0,
        "pvalue": 0.4,
        "n_resamples": 4,
        "null": NULL,
        "seed": 0,
        "effect": 0.51234,
        "detectable_effect": 0.25,
        "effect_unit": "nats",
        "assumption": "none",
        "grade": "A",
    }
    return results.TestResult(**(fields | changes))


@pytest.mark.parametrize(
    ("statistic", "pvalue"),
    [(4.0, 1 / 5), (3.0, 2 / 5), (2.5, 2 / 5), (-1.0, 5 / 5), (3.0 + 1e-12, 2 / 5)],
)
def test_p_counts_what_is_as_large_and_adds_one(statistic, pvalue):
    assert monte_carlo_pvalue(statistic, NULL) == pytest.approx(pvalue)


def test_a_null_value_that_is_no_number_counts_against_us():
    assert monte_carlo_pvalue(9.0, np.array([np.nan, 0.0, 0.0])) == 2 / 4


def test_p_is_uniform_where_the_statistic_is_one_of_the_null():
    values = np.random.default_rng(0).normal(size=20)
    pvalues = [monte_carlo_pvalue(v, np.delete(values, i)) for i, v in enumerate(values)]
    np.testing.assert_allclose(sorted(pvalues), np.arange(1, 21) / 20)


def test_the_shift_found_four_times_in_five():
    # The quantiles of the normal distribution: 1.6449 for 5 %, 0.8416 for 20 %.
    assert detectable_shift(0.05, 0.01, 9_999) == pytest.approx(1.6449 + 0.8416, abs=1e-4)
    assert detectable_shift(0.05, 0.06, 9_999) == np.inf
    assert detectable_shift(0.05, 0.01, 18) == np.inf  # no p below 1 / 19
    assert detectable_shift(0.9, 0.01, 9_999) == 0.0


@pytest.mark.parametrize(
    ("detectable", "strong", "words"),
    [(0.25, 1.0, "no evidence"), (1.5, 1.0, "cannot tell"), (0.25, 0.0, "cannot tell"),
     (np.inf, 1.0, "cannot tell")],
)  # fmt: skip
def test_a_test_that_misses_strong_effects_or_knows_none_cannot_tell(detectable, strong, words):
    found = result(pvalue=0.4, detectable_effect=detectable, strong_effect=strong)
    assert found.words(0.05) == words
    assert result(pvalue=0.04, detectable_effect=np.inf).words(0.05) == "trained on it"


@pytest.mark.parametrize(
    ("bound", "words"), [(3.01e-66, "4e-66"), (3e-66, "3e-66"), (0.0951, "0.1"), (9.2e-5, "0.0001")]
)
def test_a_bound_is_rounded_up(bound, words):
    assert rounded_up(bound) == words


def test_the_zscore_is_in_standard_deviations_of_the_null():
    assert result().zscore == pytest.approx((3.0 - 1.5) / np.sqrt(1.25))
    assert result(null=np.ones(4)).zscore == 0.0


def test_the_effect_is_said_with_what_could_have_been_seen():
    assert result().effect_words == "0.512 (nats); minimum detectable effect 0.25 (80 % power)"
    assert (
        "with 4 units even the strongest would be missed"
        in result(detectable_effect=np.inf).effect_words
    )


def test_a_p_value_equal_to_the_level_is_evidence():
    assert result(pvalue=0.01).words(0.01) == "trained on it"
    assert result(pvalue=0.0101).words(0.01) != "trained on it"
