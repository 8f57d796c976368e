"""The blind baseline: whether two sets of texts can be told apart without any language model.

If they can, a detector may be measuring the difference between the sets instead of training: other
years, other topics, other lengths. A bag of words is enough to beat most published results on
WikiMIA and BookMIA.

Source: Das, Zhang & Tramer, "Blind Baselines Beat Membership Inference Attacks for Foundation
Models", arXiv 2406.16201; Meeus et al., arXiv 2406.17975.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.kernel_ridge import KernelRidge
from sklearn.model_selection import KFold
from sklearn.preprocessing import StandardScaler

from membership.evidence.permutation import auroc
from membership.evidence.result import monte_carlo_pvalue
from watermark.errors import PrerequisiteError

# A word, or one character of a script that is written without spaces.
_WORD = r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+"
_MOST = 3000
_FOLDS = 5


@dataclass(frozen=True)
class BlindBaseline:
    """Cross-validated scores of a classifier that sees only the texts."""

    auroc: float
    pvalue: float
    """P-value of the hypothesis that the texts of both sets are exchangeable, by permuting the
    labels and refitting the classifier. A small value means that the sets differ."""
    scores: NDArray[np.float64]
    """Score of each document; NaN for documents left out of a large set."""
    n_documents: int
    n_resamples: int


def blind_baseline(
    texts: Sequence[str],
    members: NDArray[np.bool_],
    *,
    rng: np.random.Generator,
    n_resamples: int = 999,
) -> BlindBaseline:
    """Tell two sets of texts apart by words, pairs of words and length, cross-validated.

    The classifier is ridge regression on the labels: its predictions are linear in the labels, so
    a permutation costs one matrix product, and p is exact. The folds are drawn without using the
    labels. From more than 3,000 texts a random 3,000 are used, half of them from the smaller set,
    or all of the smaller set if it has fewer.

    Args:
        texts: The texts of both sets.
        members: Which texts belong to the first set.
        rng: Draws folds, permutations and the sample of a large set.
        n_resamples: Number of permutations.

    Raises:
        PrerequisiteError: A set has fewer than five texts.
    """
    if min(members.sum(), (~members).sum()) < _FOLDS:
        raise PrerequisiteError(
            f"blind baseline: needs {_FOLDS} texts a set, got {members.sum()} and "
            f"{(~members).sum()}"
        )
    chosen = _sample(members, rng)
    labels = members[chosen].astype(np.float64)
    permuted = rng.permuted(np.tile(labels, (n_resamples, 1)), axis=1)
    judged = _judge(_features([texts[i] for i in chosen]), np.vstack([labels, permuted]).T, rng)
    in_first = np.vstack([labels, permuted]) == 1
    found = np.array([auroc(judged[row, i], judged[~row, i]) for i, row in enumerate(in_first)])
    scores = np.full(len(texts), np.nan)
    scores[chosen] = judged[:, 0]
    return BlindBaseline(
        auroc=float(found[0]),
        pvalue=monte_carlo_pvalue(float(found[0]), found[1:]),
        scores=scores,
        n_documents=len(chosen),
        n_resamples=n_resamples,
    )


def _sample(members: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.int64]:
    """Sample texts from both sets, so that a small set is not lost next to a large one."""
    few, many = sorted((np.flatnonzero(members), np.flatnonzero(~members)), key=len)
    n_few = min(len(few), max(_MOST // 2, _MOST - len(many)))
    n_many = min(len(many), _MOST - n_few)
    parts = [rng.permutation(some)[:n] for some, n in ((few, n_few), (many, n_many))]
    return np.sort(np.concatenate(parts))


def _features(texts: Sequence[str]) -> csr_array:
    """Return one row per text: weights of words and of pairs of words, and the length."""
    words = TfidfVectorizer(token_pattern=_WORD, ngram_range=(1, 2), sublinear_tf=True)
    lengths = np.log1p([[len(text), len(text.split())] for text in texts])
    parts = [csr_array(StandardScaler().fit_transform(lengths) / 3)]
    with suppress(ValueError):  # no text has a word: only lengths are left
        parts.append(words.fit_transform(texts))
    return csr_array(hstack(parts))


def _judge(
    features: csr_array, labels: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Score each text by classifiers fitted to the other folds, one per column of labels."""
    kernel = (features @ features.T).toarray()
    judged = np.empty_like(labels)
    folds = KFold(_FOLDS, shuffle=True, random_state=int(rng.integers(1 << 31)))
    for fit, rest in folds.split(kernel):
        ridge = KernelRidge(alpha=1.0, kernel="precomputed")
        ridge.fit(kernel[np.ix_(fit, fit)], labels[fit] - labels[fit].mean(0))
        judged[rest] = ridge.predict(kernel[np.ix_(rest, fit)])
    return judged
