import numpy as np
import pytest
from scipy.stats import kstest

from membership.evidence.blind import blind_baseline
from watermark.errors import PrerequisiteError

WORDS = ["tree", "house", "river", "stone", "cloud", "bread", "night", "apple", "chair", "water"]


def text(rng, words=WORDS, n=12):
    return " ".join(rng.choice(words, n))


def blind(texts, members, seed=0, n_resamples=199):
    return blind_baseline(
        texts, np.asarray(members, bool), rng=np.random.default_rng(seed), n_resamples=n_resamples
    )


def test_other_years_are_seen_without_a_model():
    rng = np.random.default_rng(0)
    old = [text(rng) + " in 2019" for _ in range(30)]
    new = [text(rng) + " in 2024" for _ in range(30)]
    found = blind(old + new, [True] * 30 + [False] * 30)
    assert found.auroc > 0.95
    assert found.pvalue == 1 / 200


def test_length_alone_is_seen():
    rng = np.random.default_rng(0)
    texts = [text(rng, n=8) for _ in range(40)] + [text(rng, n=20) for _ in range(40)]
    assert blind(texts, [True] * 40 + [False] * 40).auroc > 0.9


def test_chinese_signs_are_words():
    rng = np.random.default_rng(0)
    one, other = list("水印检测方法"), list("专利文本模型")
    texts = ["".join(rng.choice(one, 9)) for _ in range(15)]
    texts += ["".join(rng.choice(other, 9)) for _ in range(15)]
    assert blind(texts, [True] * 15 + [False] * 15).auroc == 1


def test_p_is_uniform_where_the_labels_are_random():
    rng = np.random.default_rng(0)
    texts = [text(rng, n=int(rng.integers(4, 30))) for _ in range(40)]
    found = [blind(texts, rng.permutation(40) < 14, seed) for seed in range(150)]
    assert kstest([b.pvalue for b in found], "uniform").pvalue > 0.01
    # A text is never judged by a classifier that has seen it.
    assert np.mean([b.auroc for b in found]) < 0.55


def test_texts_without_words_and_large_sets_are_taken():
    assert 0 <= blind(["..."] * 10, np.arange(10) < 5).auroc <= 1
    found = blind(["a"] * 3100, np.arange(3100) < 50, n_resamples=9)
    assert found.n_documents == 3000
    assert np.isnan(found.scores).sum() == 100


def test_it_can_be_repeated():
    rng = np.random.default_rng(0)
    texts, members = [text(rng) for _ in range(20)], np.arange(20) < 10
    assert blind(texts, members, 3).pvalue == blind(texts, members, 3).pvalue


def test_too_few_texts_are_refused():
    with pytest.raises(PrerequisiteError, match="needs 5 texts a set, got 4 and 6"):
        blind(["a"] * 10, np.arange(10) < 4)


def test_few_texts_are_not_lost_among_many():
    rng = np.random.default_rng(4)
    few, many = [text(rng) + " lately" for _ in range(60)], [text(rng) for _ in range(8000)]
    members = np.arange(8060) < 60
    found = blind(few + many, members, n_resamples=99)
    assert found.n_documents == 3000
    assert np.isfinite(found.scores[:60]).all()
    assert found.pvalue == 1 / 100
    turned = blind(few + many, ~members, n_resamples=99)
    assert turned.pvalue == 1 / 100


def test_half_of_a_sample_is_from_the_smaller_set():
    members = np.arange(10_000) < 4000
    found = blind(["a"] * 10_000, members, n_resamples=9)
    assert np.isfinite(found.scores[members]).sum() == 1500
    assert np.isfinite(found.scores).sum() == 3000
