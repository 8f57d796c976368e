import numpy as np
import pytest
from scipy.stats import binomtest

from membership.detector import Score
from membership.evidence.remark import remark_test
from membership.evidence.remarkings import Remarkings
from watermark.errors import PrerequisiteError


def remarkings(n_texts, n_remarkings, blocks, rng=None):
    lengths = np.ones((n_texts, n_remarkings + 1), int)
    if rng is not None:
        lengths = rng.integers(1, 9, lengths.shape)
    return Remarkings(
        np.array(blocks),
        tuple(str(i) for i in range(n_texts)),
        tuple(tuple("x" * n for n in row) for row in lengths),
    )


def run(of, table, alpha=0.05, **settings):
    scores = [Score(float(value)) for value in np.ravel(table)]
    return remark_test(of, scores, detector="loss", alpha=alpha, **settings)


def test_the_rank_among_the_fresh_versions_of_one_block():
    # two of the four fresh versions do at least as well: (1 + 2) / (4 + 1)
    result = run(remarkings(1, 4, [0]), [[3.0, 1.0, 3.0, 5.0, 2.0]])
    assert result.pvalue == pytest.approx(3 / 5)
    assert result.n_resamples == 4
    # the published one is 3 - (1 + 3 + 5 + 2) / 4 = 0.25 above the fresh ones
    assert result.effect == pytest.approx(0.25)


def test_blocks_are_combined_like_independent_draws():
    # 10 blocks, the published version best of 2 in each: 1 combination in 1024 does as well
    table = np.tile([1.0, 0.0], (10, 1))
    result = run(remarkings(10, 1, range(10)), table, n_resamples=9_999)
    assert abs(result.pvalue - 1 / 1024) < 0.002
    assert result.details["n_blocks"] == 10


def test_texts_of_one_block_are_not_independent_evidence():
    table = np.tile([1.0, 0.0], (10, 1))
    assert run(remarkings(10, 1, [0] * 10), table).pvalue == 1 / 2


def test_what_length_explains_is_taken_out():
    rng = np.random.default_rng(0)
    of = remarkings(3, 99, [0, 0, 0], rng)
    plain = -2.0 * of.n_bytes()
    plain[:, 0] += 0.5
    result = run(of, plain)
    assert result.pvalue == 1 / 100


@pytest.mark.parametrize("blocks", [[0] * 6, range(6), [0, 0, 0, 1, 1, 2]])
def test_the_null_is_rejected_no_more_often_than_alpha(blocks):
    rng = np.random.default_rng(1)
    rejected = 0
    for _ in range(400):
        of = remarkings(6, 19, blocks, rng)
        # skewed scores that depend on length, shared by the texts of a block
        shared = rng.exponential(size=(6, 20))[np.array(blocks)]
        table = shared + 0.2 * rng.exponential(size=(6, 20)) - 0.3 * of.n_bytes()
        rejected += run(of, table, n_resamples=199, seed=int(rng.integers(1 << 30))).pvalue <= 0.1
    assert binomtest(rejected, 400, 0.1, alternative="greater").pvalue > 0.001


def test_a_text_with_an_unscored_version_is_left_out_and_counted():
    scores = [Score(2.0), Score(1.0), Score(np.nan, "no token was scored"), Score(1.0)]
    result = remark_test(remarkings(2, 1, [0, 1]), scores, detector="loss", alpha=0.05)
    assert result.details["n_unscored"] == 1
    assert result.details["unscored"] == ["no token was scored"]
    with pytest.raises(PrerequisiteError, match="no token was scored"):
        remark_test(remarkings(1, 1, [0]), scores[2:], detector="loss", alpha=0.05)


def test_a_vault_without_marks_is_refused():
    with pytest.raises(PrerequisiteError, match="no mark"):
        remark_test(remarkings(0, 1, []), [], detector="loss", alpha=0.05)


def test_texts_of_two_lengths_are_not_all_length():
    # Each text has two versions of two lengths; a slope a text would explain all there is.
    rng = np.random.default_rng(2)
    n_bytes = np.array([rng.choice([[5, 6], [6, 5]]) for _ in range(40)])
    of = Remarkings(
        np.arange(40),
        tuple(map(str, range(40))),
        tuple(tuple("x" * n for n in row) for row in n_bytes),
    )
    table = np.tile([1.0, 0.0], (40, 1)) - 0.3 * n_bytes
    result = run(of, table, alpha=0.001)
    assert result.pvalue < 1e-4
    assert 0.1 < result.detectable_effect < 1


def test_where_no_p_is_small_enough_nothing_would_have_been_seen():
    result = run(
        remarkings(1, 4, [0]), [[3.0, 1.0, 3.0, 5.0, 2.0]], alpha=0.05
    )  # the least is 1 / 5
    assert np.isinf(result.detectable_effect)


def test_texts_of_a_block_are_added_and_divided_by_the_root_of_their_number():
    # Each published text is 0.5 above its mean: 4 * 0.5 / 2 in the first block, 0.5 in the second.
    result = run(remarkings(5, 1, [0, 0, 0, 0, 1]), np.tile([1.0, 0.0], (5, 1)))
    assert result.statistic == pytest.approx(1.5)
