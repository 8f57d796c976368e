"""The hold-out test: does the suspect know published documents better than withheld ones?

Which documents were withheld was decided by the key, uniformly at random. If the suspect never
saw the published ones, the labels are exchangeable, and permuting them gives an exact p-value for
any detector.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, rankdata

from membership.evidence.result import TestResult, monte_carlo_pvalue
from watermark.errors import PrerequisiteError

ASSUMPTION = (
    "the withheld documents were chosen at random by the key and reached nobody; "
    "the suspect was made without knowledge of the key"
)
BLOCK_CELLS = 4_000_000


def auroc(published: NDArray[np.float64], withheld: NDArray[np.float64]) -> float:
    """Return the chance that a published document scores higher than a withheld one.

    Ties count one half. Values below one half stay below one half: nothing is flipped.
    """
    n = len(published)
    ranks = rankdata(np.concatenate([published, withheld]))
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * len(withheld)))


def holdout_test(
    published: Mapping[str, NDArray[np.float64]],
    withheld: Mapping[str, NDArray[np.float64]],
    *,
    detectors: Sequence[str],
    alpha: float,
    n_resamples: int = 99_999,
    seed: int = 0,
) -> TestResult:
    """Permute the labels; the statistic is the AUROC, or its maximum over several detectors.

    With several detectors the same permutations serve all of them and the largest AUROC is
    compared with the largest of each permutation, which keeps the level for the family.

    Args:
        published: Scores of the published documents by detector; a higher score speaks for
            training. A document that a detector could not score is NaN.
        withheld: The same for the withheld documents.
        detectors: Which detectors to use.
        alpha: Level at which the detectable effect is stated.
        n_resamples: Number of permutations.
        seed: Seed of the permutations.

    Raises:
        PrerequisiteError: A group has fewer than two documents that every detector scored.
    """
    inside, outside = _scored(published, detectors), _scored(withheld, detectors)
    n, m = inside.shape[1], outside.shape[1]
    if min(n, m) < 2:
        raise PrerequisiteError(
            f"hold-out test: needs 2 scored documents a group, got {n} published and {m} withheld"
        )
    ranks = np.stack([rankdata(row) for row in np.concatenate([inside, outside], axis=1)])
    observed = float(_auroc_of_sums(ranks[:, n:].sum(1), n, m).max())
    null = _permuted(ranks, m, n_resamples, np.random.default_rng(seed))
    sd = np.sqrt((n + m + 1) / (12 * n * m))
    return TestResult(
        test="holdout",
        statistic=observed,
        pvalue=monte_carlo_pvalue(observed, null),
        n_resamples=n_resamples,
        null=null,
        seed=seed,
        effect=observed,
        detectable_effect=float(min(1.0, 0.5 + (norm.isf(alpha) + norm.isf(0.2)) * sd)),
        effect_unit="AUROC of published against withheld documents",
        assumption=ASSUMPTION,
        grade="A",
        details={
            "detectors": list(detectors),
            "n_published": n,
            "n_withheld": m,
            "n_unscored": len(next(iter(published.values())))
            + len(next(iter(withheld.values())))
            - n
            - m,
        },
    )


def _scored(
    scores: Mapping[str, NDArray[np.float64]], detectors: Sequence[str]
) -> NDArray[np.float64]:
    """Return the scores of the documents that every detector scored, shape (detectors, n)."""
    table = np.stack([np.asarray(scores[name], dtype=np.float64) for name in detectors])
    return table[:, np.isfinite(table).all(0)]


def _auroc_of_sums(rank_sums: NDArray[np.float64], n: int, m: int) -> NDArray[np.float64]:
    """Return AUROCs from the rank sums of the withheld documents."""
    return 1.0 - (rank_sums - m * (m + 1) / 2) / (n * m)


def _permuted(
    ranks: NDArray[np.float64], m: int, n_resamples: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    total = ranks.shape[1]
    null = np.empty(n_resamples)
    block = max(1, BLOCK_CELLS // total)
    for start in range(0, n_resamples, block):
        size = min(block, n_resamples - start)
        order = np.argpartition(rng.random((size, total)), m - 1, axis=1)[:, :m]
        sums = ranks[:, order].sum(2)
        null[start : start + size] = _auroc_of_sums(sums, total - m, m).max(0)
    return null
