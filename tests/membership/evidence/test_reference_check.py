import numpy as np
import pytest

from membership.audit.observations import reference_tables
from membership.evidence.redraw import redraw_test
from membership.evidence.reference_check import reference_pvalues, with_reference_check
from membership.evidence.score_table import build_table
from membership.traces.trace import CandidateLogprobs
from watermark.document import Site
from watermark.keys import Key

KEY = Key(bytes(range(32)))
SITES = [Site(f"d{i // 5}", 4 * i, "big", ("big", "large"), f"w{i % 80}") for i in range(240)]


def readings(rng, key=None, strength=0.0, base=None):
    """Return readings that prefer what a key chose by so many nats, beside a shared preference."""
    values = rng.normal(size=(len(SITES), 2)) if base is None else base.copy()
    if key is not None:
        values[np.arange(len(SITES)), [key.draw(s.draw, 2) for s in SITES]] += strength
    return [CandidateLogprobs(row - 9) for row in values]


def pvalues_of(references, keys=(KEY,), **settings):
    return reference_pvalues(reference_tables(SITES, references, "en"), keys, **settings)


@pytest.mark.parametrize("strength", [2.0, -2.0])
def test_a_reference_that_learned_or_unlearned_the_marks_is_named(strength):
    rng = np.random.default_rng(0)
    found = pvalues_of({"base": readings(rng, KEY, strength)})
    assert found["base"] <= 0.001
    suspect = readings(rng)
    result = redraw_test(build_table(SITES, suspect, {}), KEY, alpha=0.001)
    checked = with_reference_check(result, found)
    assert "Reference base depends on the key itself" in checked.cautions[-1]
    assert checked.details["reference_pvalues"] == found
    assert checked.pvalue == result.pvalue


def test_nobody_is_accused_of_preferring_the_other_words_beside_such_a_reference():
    rng = np.random.default_rng(0)
    suspect = readings(rng, KEY, -2.0)
    result = redraw_test(build_table(SITES, suspect, {}), KEY, alpha=0.001)
    assert result.cautions[0].startswith("The suspect prefers the words that were NOT published")
    assert with_reference_check(result, {"r": 0.5}).cautions == result.cautions
    (left,) = with_reference_check(result, {"r": 0.0002}).cautions
    assert left.startswith("Reference r depends on the key")


def test_an_unlearned_reference_makes_evidence_against_an_innocent_model():
    """Negative: this is why the check is there."""
    rng = np.random.default_rng(1)
    shared = rng.normal(scale=3, size=(len(SITES), 2))
    suspect = [CandidateLogprobs(row - 9) for row in shared + rng.normal(size=shared.shape) / 4]
    reference = {"base": readings(rng, KEY, -2.0, shared)}
    assert redraw_test(build_table(SITES, suspect, reference), KEY, alpha=0.001).pvalue < 0.001
    assert pvalues_of(reference)["base"] <= 0.001


def test_independent_references_are_named_no_more_often_than_the_level():
    rng = np.random.default_rng(2)
    pvalues = np.array(
        [pvalues_of({"r": readings(rng)}, n_resamples=999, seed=i)["r"] for i in range(200)]
    )
    assert 0.4 < pvalues.mean() < 0.6
    assert (pvalues <= 0.1).mean() < 0.18
    assert (
        with_reference_check(
            redraw_test(build_table(SITES, readings(rng), {}), KEY, alpha=0.001), {"r": 0.5}
        ).cautions
        == ()
    )


def test_with_many_editions_a_dependence_on_one_key_is_named_and_the_level_holds():
    keys = [KEY.derive("edition", str(i)) for i in range(20)]
    rng, settings = np.random.default_rng(3), {"n_resamples": 1_999}
    unlearned = {"base": readings(rng, keys[7], -2.0)}
    assert pvalues_of(unlearned, keys, **settings)["base"] <= 0.001
    clean = [
        pvalues_of({"r": readings(rng)}, keys, n_resamples=199, seed=i)["r"] for i in range(100)
    ]
    assert 0.35 < np.mean(clean) < 0.65
    assert np.mean(np.array(clean) <= 0.1) < 0.2


def test_a_reference_without_a_usable_site_is_said_to_be_unchecked():
    blind = [CandidateLogprobs(np.full(2, np.nan), "no candidates") for _ in SITES]
    found = pvalues_of({"base": blind})
    assert found == {"base": None}
    suspect = readings(np.random.default_rng(0))
    result = redraw_test(build_table(SITES, suspect, {}), KEY, alpha=0.001)
    checked = with_reference_check(result, found)
    assert checked.cautions == ()
    assert checked.left_out[-1].startswith("Not tested for dependence on the key: reference base")
