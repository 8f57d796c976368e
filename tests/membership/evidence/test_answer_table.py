import numpy as np
import pytest
from scipy.stats import ks_2samp, kstest

from membership.choices.answers import Answers
from membership.choices.question import Question, SiteQuestion
from membership.evidence.answer_table import NO_ANSWER, answer_table, shares_of
from membership.evidence.redraw import redraw_test, simulate_null
from watermark.document import Site
from watermark.keys import Key


def question(number, order=(0, 1), candidates=("cat", "puss")):
    site = Site(f"d{number // 8}", number, candidates[0], candidates, f"w{number // 2}")
    options = tuple(candidates[i] for i in order)
    return SiteQuestion(site, Question("the ", "", options), order)


def corpus(n, rng):
    return [question(i, (0, 1) if rng.random() < 0.5 else (1, 0)) for i in range(n)]


def answers(questions, key, rng, *, lean=0.0, first=0.5, n=1):
    """A suspect that takes the first option, and leans to what the key had chosen."""
    found = []
    for q in questions:
        chosen = q.order.index(key.draw(q.site.draw, 2))
        chance = first + (lean if chosen == 0 else -lean)
        c = int(rng.binomial(n, np.clip(chance, 0, 1)))
        found.append(Answers((c, n - c)))
    return found


def test_shares_by_hand():
    questions = [question(0), question(1, (1, 0)), question(2), question(3, (1, 0))]
    said = [Answers((2, 1), other=1), Answers((3, 1)), Answers((0, 4)), Answers((2, 2))]
    table = answer_table(questions, said, {})
    # Second candidate less first: 1/4 - 2/4, 3/4 - 1/4, 1 - 0, 1/2 - 1/2; the regression on
    # position (+1, -1, +1, -1) and an intercept leaves
    # half of what tells the 1st from the 3rd and the 2nd from the 4th.
    # Each row is centred: half of the residual to one candidate, minus half to the other.
    assert table.score[:, 1] == pytest.approx([-0.3125, 0.125, 0.3125, -0.125])
    assert table.score.sum(1) == pytest.approx(np.zeros(4))


def test_a_site_without_an_answer_is_counted():
    table = answer_table(
        [question(0), question(1), question(2)],
        [Answers((0, 0), other=1), Answers((0, 0), refused=2), Answers((1, 0))],
        {},
    )
    assert table.unusable == {NO_ANSWER: 2}
    assert len(table.draws) == 1


def test_a_habit_of_taking_the_first_option_is_taken_out_and_makes_no_evidence():
    rng = np.random.default_rng(0)
    key, pvalues = Key(rng.bytes(32)), []
    questions = corpus(200, rng)
    table = answer_table(questions, answers(questions, key, rng, first=1.0), {})
    assert np.abs(table.score).max() < 1e-9
    for _ in range(300):
        said = answers(questions, Key(rng.bytes(32)), rng, first=0.8)
        table = answer_table(questions, said, {})
        pvalues.append(redraw_test(table, key, alpha=0.05, n_resamples=199).pvalue)
    assert kstest(pvalues, "uniform").pvalue > 0.001


def test_answers_that_lean_to_the_published_words_are_found():
    rng = np.random.default_rng(1)
    key = Key(rng.bytes(32))
    questions = corpus(800, rng)
    said = answers(questions, key, rng, lean=0.15, n=3)
    table = answer_table(questions, said, {})
    assert redraw_test(table, key, alpha=0.001).pvalue < 0.001
    others = simulate_null(table, [Key(rng.bytes(32)) for _ in range(1_000)], n_resamples=1_999)
    assert kstest(others, "uniform").pvalue > 0.001


@pytest.mark.parametrize("lean", [0.0, 0.1])
def test_flipping_the_options_does_not_change_the_law_of_p(lean):
    """Neither of an innocent suspect nor of one that learned the marks, whatever its habit."""
    rng, laws = np.random.default_rng(2), []
    for flip in (False, True):
        pvalues = []
        for _ in range(200):
            questions = corpus(100, rng)
            if flip:
                questions = [question(q.site.start, q.order[::-1]) for q in questions]
            key = Key(rng.bytes(32))
            said = answers(questions, key, rng, lean=lean, first=0.7)
            table = answer_table(questions, said, {})
            tested = key if lean else Key(rng.bytes(32))
            pvalues.append(redraw_test(table, tested, alpha=0.05, n_resamples=199).pvalue)
        laws.append(pvalues)
    assert ks_2samp(laws[0], laws[1]).pvalue > 0.001
    uniform = [kstest(law, "uniform").pvalue for law in laws]
    assert min(uniform) > 0.001 if lean == 0 else max(uniform) < 0.001


def test_a_reference_that_saw_the_marks_cannot_make_evidence():
    rng = np.random.default_rng(3)
    small = 0
    for _ in range(200):
        key = Key(rng.bytes(32))
        questions = corpus(200, rng)
        innocent = answers(questions, Key(rng.bytes(32)), rng, n=3)
        tainted = shares_of(answers(questions, key, rng, lean=0.3, n=20))
        table = answer_table(questions, innocent, {"tainted": tainted})
        small += redraw_test(table, key, alpha=0.05, n_resamples=199).pvalue <= 0.05
    assert small <= 21  # 10 expected at the level; P(> 21) < 0.001


def test_a_reference_takes_out_what_both_prefer():
    rng = np.random.default_rng(4)
    questions = corpus(300, rng)
    lean = rng.random(300)
    said = [Answers((round(10 * x), 10 - round(10 * x))) for x in lean]
    table = answer_table(questions, said, {"base": [np.array([x, 1 - x]) for x in lean]})
    assert table.adjustment["reference base"] == pytest.approx(1, abs=0.05)
    assert np.abs(table.score).max() < 0.06
