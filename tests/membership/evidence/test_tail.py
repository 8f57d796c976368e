import numpy as np
import pytest

from membership.evidence.redraw import draw_table, null_statistics
from membership.evidence.score_table import ScoreTable
from membership.evidence.tail import tail_probability


@pytest.mark.parametrize("n_options", [2, 3])
def test_the_tail_is_that_of_the_re_draws(n_options):
    rng = np.random.default_rng(3)
    n = np.full(40, n_options)
    score = rng.standard_normal((40, n_options))
    score -= score.mean(1, keepdims=True)
    table = draw_table(ScoreTable(("a",) * 40, tuple(map(str, range(40))), n, score, {}, {}))
    null = null_statistics(table, 400_000, rng)
    for p in (0.3, 0.05, 0.001, 0.0001):
        observed = float(np.quantile(null, 1 - p))
        assert tail_probability(table.value, n, observed) == pytest.approx(p, rel=0.15)
    least = 2.0**-40 if n_options == 2 else 3.0**-40
    assert tail_probability(table.value, n, table.value.max(1).sum()) == pytest.approx(least)


def test_the_tail_is_that_of_the_re_draws_where_draws_differ_in_their_options():
    rng = np.random.default_rng(4)
    n = np.repeat([2, 3], 20)
    inside = np.arange(3) < n[:, None]
    score = rng.standard_normal((40, 3)) * inside
    score -= np.where(inside, score.sum(1, keepdims=True) / n[:, None], 0)
    table = draw_table(ScoreTable(("a",) * 40, tuple(map(str, range(40))), n, score, {}, {}))
    null = null_statistics(table, 200_000, rng)
    for p in (0.3, 0.05, 0.001):
        observed = float(np.quantile(null, 1 - p))
        assert tail_probability(table.value, n, observed) == pytest.approx(p, rel=0.15)
