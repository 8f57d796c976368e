"""Innocent suspects fix the detectable effect; most suspects that have it are found."""

import numpy as np
import pytest
from scipy.stats import norm

from membership.detector import Score
from membership.evidence.combined import product_for
from membership.evidence.power import STRONG_AUROC, Response, reachable, strong_difference
from membership.evidence.redraw import absorbed, choices_of, draw_table, redraw_test, response
from membership.evidence.redraw import statistic as statistic_of
from membership.evidence.remark import remark_test
from membership.evidence.remarkings import Remarkings
from membership.evidence.score_table import ScoreTable, adjust_preferences
from membership.evidence.tail import tail_probability
from membership.evidence.twin import twin_test


class Outcomes:
    """A key whose outcomes are given."""

    def __init__(self, outcomes):
        self.outcomes = outcomes

    def draw(self, name, n_options):
        return int(self.outcomes[int(name)])


def audit(rng, n_draws, n_options, effect, per_draw=1, tail=None):
    """Return the table of a suspect that prefers published words by an effect, and its key."""
    draw = np.repeat(np.arange(n_draws), per_draw)
    shape = (len(draw), n_options)
    outcomes = rng.integers(0, n_options, n_draws)
    base, rarity = rng.normal(0, 2, shape), rng.normal(0, 2, shape)
    noise = rng.standard_t(tail, shape) if tail else rng.normal(size=shape)
    suspect = base + 0.2 * rarity + 0.7 * noise
    suspect[np.arange(len(draw)), outcomes[draw]] += effect
    n_candidates = np.full(len(draw), n_options)
    references = {"reference": _rivals(base + rng.normal(0, 0.5, shape))}
    score, adjustment = adjust_preferences(
        n_candidates, _rivals(suspect), {"rarity": _rivals(rarity)}, references
    )
    names = tuple(map(str, draw.tolist()))
    return ScoreTable(names, names, n_candidates, score, {}, adjustment), Outcomes(outcomes)


def _rivals(values):
    return values - values[:, :1]


def pvalue(table, key):
    draws = draw_table(table)
    observed = statistic_of(draws, choices_of(key, draws))
    return tail_probability(draws.value, draws.n_options, observed)


def known(table):
    return response(draw_table(table), 99_999, absorbed(table))


AUDITS = {
    "30 draws": (30, 2),
    "50 draws": (50, 2),
    "200 draws": (200, 2),
    "60 draws of three": (60, 3),
    "40 draws of 4 sites": (40, 2, 4),
    "100 draws, heavy tails": (100, 2, 1, 3),
}


@pytest.mark.parametrize("kind", AUDITS)
def test_the_redraw_test_finds_its_detectable_effect_four_times_in_five(kind):
    n_draws, n_options, *more = AUDITS[kind]
    rng = np.random.default_rng(1)
    innocent = [audit(rng, n_draws, n_options, 0.0, *more)[0] for _ in range(25)]
    effect = float(np.median([known(table).detectable(0.001) for table in innocent]))
    found = [pvalue(*audit(rng, n_draws, n_options, effect, *more)) <= 0.001 for _ in range(200)]
    assert 0.72 <= np.mean(found) <= 0.99  # 80 % less 2.8 standard errors; more with few draws
    wrong = (norm.isf(0.001) + norm.isf(0.2)) * np.sqrt(known(innocent[0]).noise)
    wrong /= known(innocent[0]).gain  # an effect that leaves the null as it is
    missed = [pvalue(*audit(rng, n_draws, n_options, wrong, *more)) > 0.001 for _ in range(200)]
    assert n_draws != 30 or np.mean(missed) > 0.28


@pytest.mark.parametrize("n_draws", [40, 200])
def test_the_combined_test_pays_for_a_second_p_value_that_says_nothing(n_draws):
    rng = np.random.default_rng(2)
    limit = product_for(0.001)
    assert limit * (1 - np.log(limit)) == pytest.approx(0.001)
    innocent = [known(audit(rng, n_draws, 2, 0.0)[0]) for _ in range(9)]
    effect = float(np.median([each.detectable_combined(limit) for each in innocent]))
    alone = float(np.median([each.detectable(0.001) for each in innocent]))
    assert 1.05 < effect / alone < 1.5
    found = [pvalue(*audit(rng, n_draws, 2, effect)) * rng.random() <= limit for _ in range(200)]
    assert 0.72 <= np.mean(found) <= 0.97


@pytest.mark.parametrize(("n_documents", "n_versions"), [(8, 4), (30, 4), (30, 2), (100, 2)])
def test_the_twin_test_finds_its_detectable_effect_four_times_in_five(n_documents, n_versions):
    rng = np.random.default_rng(3)

    def twin(effect):
        scores = rng.normal(size=(n_documents, n_versions))
        published = rng.integers(0, n_versions, n_documents)
        scores[np.arange(n_documents), published] += effect
        return twin_test(
            [str(i) for i in range(n_documents)], list(scores), published.tolist(),
            detector="loss", alpha=0.01, n_resamples=999,
        )  # fmt: skip

    effect = float(np.median([twin(0.0).detectable_effect for _ in range(9)]))
    found = [twin(effect).pvalue <= 0.01 for _ in range(150)]
    assert 0.7 <= np.mean(found) <= 0.97


def test_few_twins_cannot_tell_and_many_say_that_a_strong_effect_was_not_there():
    rng = np.random.default_rng(4)
    said = []
    for n_documents in (5, 6, 12, 30):
        found = twin_test(
            [str(i) for i in range(n_documents)], list(rng.normal(size=(n_documents, 4))),
            rng.integers(0, 4, n_documents).tolist(), detector="loss", alpha=0.001,
        )  # fmt: skip
        said.append(found.words(0.001))
    assert said == ["cannot tell", "cannot tell", "no evidence", "no evidence"]


@pytest.mark.parametrize("n_blocks", [1, 30])
def test_the_remarking_test_finds_its_detectable_effect_four_times_in_five(n_blocks):
    rng = np.random.default_rng(5)
    n_versions = 200 if n_blocks == 1 else 20
    texts = tuple(("x",) * n_versions for _ in range(30))
    of = Remarkings(np.arange(30) % n_blocks, tuple(map(str, range(30))), texts)

    def remark(effect):
        scores = rng.exponential(size=(30, n_versions))
        scores[:, 0] += effect
        given = [Score(float(value)) for value in scores.ravel()]
        return remark_test(of, given, detector="loss", alpha=0.01, n_resamples=999)

    effect = float(np.median([remark(0.0).detectable_effect for _ in range(9)]))
    found = [remark(effect).pvalue <= 0.01 for _ in range(100)]
    assert 0.68 <= np.mean(found) <= 0.95
    assert remark(-0.1).words(0.01) == "no evidence"


def test_a_strong_difference_wins_nine_pairs_in_ten():
    rng = np.random.default_rng(6)
    scores = rng.normal(0, 3, (20_000, 4))
    centred = scores - scores.mean(1, keepdims=True)
    effect = strong_difference(centred, np.full(20_000, 4))
    assert np.mean(scores[:, 0] + effect > scores[:, 1]) == pytest.approx(STRONG_AUROC, abs=0.01)


def test_a_table_that_the_references_explain_entirely_cannot_tell():
    rng = np.random.default_rng(7)
    one, two, rarity = (_rivals(rng.normal(size=(5, 2))) for _ in range(3))
    n_candidates = np.full(5, 2)
    score, adjustment = adjust_preferences(
        n_candidates, one + two, {"rarity": rarity}, {"one": one, "two": two}
    )
    names = tuple("01234")
    table = ScoreTable(names, names, n_candidates, score, {}, adjustment)
    found = redraw_test(table, Outcomes(np.zeros(5, int)), alpha=0.05, n_resamples=999)
    assert not score.any()
    assert found.words(0.05) == "cannot tell"
    assert "nothing varies with the key" in found.effect_words
    assert found.pvalue == 1.0
    assert "explains the suspect's preferences entirely" in found.cautions[0]


@pytest.mark.parametrize(
    ("least", "n_resamples", "expected"),
    [
        (2.0**-300, 999, True),  # 1 / 1000 is the smallest p, and enough
        (2.0**-300, 998, False),
        (4.0**-5, 99_999, False),  # .00098, but every second sample of fresh keys gives more
        (4.0**-6, 99_999, True),
    ],
)
def test_what_resamples_can_show(least, n_resamples, expected):
    assert reachable(0.001, least, n_resamples) is expected


def test_power_rises_to_four_fifths_at_the_detectable_effect():
    table = Response(gain=20.0, widening=10.0, noise=30.0, least=1e-12, n_resamples=99_999)
    effect = table.detectable(0.001)
    assert table.power(effect, 0.001) == pytest.approx(0.8)
    assert table.power(effect / 2, 0.001) < 0.3
    assert table.power(0.0, 0.001) == 0.0
