import numpy as np
import pytest
from scipy.stats import kstest

from membership.evidence.redraw import redraw_test, simulate_null
from membership.evidence.score_table import build_table
from membership.traces.trace import CandidateLogprobs
from watermark.document import Site
from watermark.keys import Key
from watermark.text.rarity import rarity_bits

WORDS = ("purchase", "acquire", "obtain", "procure")


def corpus(n=600, n_draws=200, n_candidates=2):
    candidates = ("buy", *WORDS[: n_candidates - 1])
    return [Site(f"d{i // 8}", 10 * i, "buy", candidates, f"draw {i % n_draws}") for i in range(n)]


def candidate_logprobs(preferences):
    return [CandidateLogprobs(np.asarray(row, dtype=np.float64) - 5.0) for row in preferences]


def with_choices(base, sites, key, strength):
    moved = base.copy()
    for row, site in zip(moved, sites, strict=True):
        row[key.draw(site.draw, len(site.candidates))] += strength
    return moved


@pytest.fixture
def rng():
    return np.random.default_rng(11)


def test_scores_are_centred_over_the_candidates_of_a_site(rng):
    sites = corpus(n_candidates=3)
    table = build_table(sites, candidate_logprobs(rng.normal(size=(600, 3))), {})
    np.testing.assert_allclose(table.score.sum(1), 0, atol=1e-12)
    assert table.n_candidates.tolist() == [3] * 600


def test_a_reference_takes_out_what_it_explains(rng):
    sites = corpus()
    base = 3 * rng.normal(size=(600, 2))
    suspect = base + 0.1 * rng.normal(size=(600, 2))
    plain = build_table(sites, candidate_logprobs(suspect), {})
    table = build_table(sites, candidate_logprobs(suspect), {"base": candidate_logprobs(base)})
    assert table.adjustment["reference base"] == pytest.approx(1, abs=0.02)
    assert np.std(table.score) < 0.1 * np.std(plain.score)


def test_residuals_are_clipped_at_three_times_their_median_size(rng):
    sites = corpus()
    suspect = rng.normal(size=(600, 2))
    suspect[0, 1] = 1e6
    score = np.abs(build_table(sites, candidate_logprobs(suspect), {}).score[:, 1])
    assert score.max() <= 3 * np.median(score) * 1.001


def test_unusable_sites_are_counted_with_their_reasons(rng):
    sites = corpus(n=20)
    suspect = candidate_logprobs(rng.normal(size=(20, 2)))
    reference = candidate_logprobs(rng.normal(size=(20, 2)))
    nothing = np.full(2, np.nan)
    suspect[3] = CandidateLogprobs(nothing, "no left context")
    reference[5] = CandidateLogprobs(nothing, "outside the scored text")
    table = build_table(sites, suspect, {"base": reference})
    assert table.unusable == {
        "no left context": 1,
        "reference base: outside the scored text": 1,
    }
    assert len(table.draws) == 18
    assert np.isfinite(table.score).all()


def test_rows_of_the_rule_published_are_not_evidence(rng):
    sites = [Site("d", 0, "buy", ("purchase",), "published")] * 3
    table = build_table(sites, [CandidateLogprobs(np.zeros(1))] * 3, {})
    assert table.unusable == {"only one candidate: nothing was drawn": 3}


def test_sites_may_differ_in_their_number_of_candidates(rng):
    sites = corpus(n=10) + corpus(n=10, n_candidates=4)
    sites = [
        Site(s.document_id, s.start, s.original, s.candidates, str(i)) for i, s in enumerate(sites)
    ]
    suspect = candidate_logprobs(rng.normal(size=(10, 2))) + candidate_logprobs(
        rng.normal(size=(10, 4))
    )
    table = build_table(sites, suspect, {})
    assert (table.score[:10, 2:] == 0).all()
    np.testing.assert_allclose(table.score.sum(1), 0, atol=1e-12)


def test_the_adjustment_makes_a_weak_effect_visible(rng):
    key = Key(bytes(range(32)))
    sites = corpus()
    base = 3 * rng.normal(size=(600, 2))
    suspect = with_choices(base + 0.3 * rng.normal(size=(600, 2)), sites, key, 0.2)
    plain = redraw_test(build_table(sites, candidate_logprobs(suspect), {}), key, alpha=0.001)
    adjusted = build_table(sites, candidate_logprobs(suspect), {"base": candidate_logprobs(base)})
    assert redraw_test(adjusted, key, alpha=0.001).pvalue < 1e-4 < plain.pvalue


def test_p_is_uniform_with_references_that_do_not_know_the_key(rng):
    sites = corpus(n_candidates=3)
    base = rng.normal(size=(600, 3))
    table = build_table(
        sites,
        candidate_logprobs(base + rng.standard_t(2, (600, 3))),
        {"base": candidate_logprobs(base), "other": candidate_logprobs(rng.normal(size=(600, 3)))},
    )
    keys = [Key(rng.bytes(32)) for _ in range(500)]
    assert kstest(simulate_null(table, keys, n_resamples=1999), "uniform").pvalue > 0.01


@pytest.mark.parametrize("correlation", [-1.0, 0.0, 1.0])
def test_a_reference_that_saw_the_marked_text_cannot_fake_evidence(correlation):
    # even if the suspect is the mirror image of what the two have in common
    rng = np.random.default_rng(12)
    small = 0
    for _ in range(200):
        key, sites = Key(rng.bytes(32)), corpus(n=200)
        shared = rng.normal(size=(200, 2))
        suspect = correlation * shared + rng.normal(size=(200, 2))
        reference = with_choices(shared, sites, key, 3.0)
        table = build_table(
            sites, candidate_logprobs(suspect), {"tainted": candidate_logprobs(reference)}
        )
        small += redraw_test(table, key, alpha=0.05, n_resamples=199).pvalue <= 0.05
    assert small <= 20  # 10 expected at the level; P(> 20) < 0.001


def test_rarity_is_that_of_the_language(rng):
    sites = [
        Site("d", i, "Haus", ("Haus", ("Hütte", "Gebäude", "Villa")[i % 3]), f"draw {i}")
        for i in range(300)
    ]
    bits = np.array([rarity_bits(site.candidates[1], "de") for site in sites])
    suspect = np.stack([np.zeros(300), -bits + rng.normal(size=300) / 100], axis=1)
    in_german = build_table(sites, candidate_logprobs(suspect), {}, language="de")
    assert in_german.adjustment["rarity"] == pytest.approx(-1, abs=0.01)
    assert np.std(in_german.score) < 0.1 * np.std(
        build_table(sites, candidate_logprobs(suspect), {}).score
    )


@pytest.mark.parametrize("who", ["suspect", "base"])
def test_one_number_far_out_does_not_hide_the_evidence(rng, who):
    sites, key = corpus(), Key(bytes(range(32)))
    base = rng.normal(size=(600, 2))
    suspect = with_choices(base + rng.normal(size=(600, 2)), sites, key, 0.6)
    whole = redraw_test(
        build_table(sites, candidate_logprobs(suspect), {"base": candidate_logprobs(base)}),
        key,
        alpha=0.001,
    )
    (suspect if who == "suspect" else base)[0, 1] = -9999.0
    spoilt = redraw_test(
        build_table(sites, candidate_logprobs(suspect), {"base": candidate_logprobs(base)}),
        key,
        alpha=0.001,
    )
    assert spoilt.zscore > 0.9 * whole.zscore > 4


def test_a_reading_without_numbers_is_unusable_though_it_gives_no_reason(rng):
    suspect = [
        *candidate_logprobs(rng.normal(size=(2, 2))),
        CandidateLogprobs(np.array([np.nan, -1.0])),
    ]
    table = build_table(corpus(n=3), suspect, {})
    assert dict(table.unusable) == {"the model returned no number": 1}
