"""One-sided permutation test on two groups of scores, shared by several tests of evidence.

The caller must ensure that the labels are exchangeable under the null, so that p is exact: by a
random hold-out, or by an assumption about a control group.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import comb

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from membership.evidence.result import BLOCK_CELLS, detectable_shift, monte_carlo_pvalue
from watermark.errors import PrerequisiteError

Scores = Mapping[str, NDArray[np.float64]]
"""Scores of a group by detector; NaN where a score is missing."""


@dataclass(frozen=True)
class Comparison:
    """The largest AUROC over several detectors, and its distribution under permuted labels."""

    statistic: float
    pvalue: float
    null: NDArray[np.float64]
    aurocs: dict[str, float]
    adjusted: dict[str, float]
    """A p-value per detector, adjusted for all of them: how often the largest AUROC of a
    permutation is as large as this detector's own. Westfall & Young (1993), max-T; apart from ties
    all AUROCs have the same null distribution, so they need no scaling."""
    n_inside: int
    n_outside: int
    n_unscored: int
    """Number of documents left out because some detector did not score them."""

    def detectable(self, alpha: float) -> float:
        """Return the AUROC that one detector would have shown at this level with 80 % power.

        Infinite if not even an AUROC of 1 can reach the level.
        """
        n, m = self.n_inside, self.n_outside
        sd = np.sqrt((n + m + 1) / (12 * n * m))
        shift = detectable_shift(alpha, 1 / comb(n + m, n), self.null.size)
        return shift if np.isinf(shift) else float(min(1.0, 0.5 + shift * sd))


def auroc(inside: NDArray[np.float64], outside: NDArray[np.float64]) -> float:
    """Return the probability that a document of the first group outscores one of the second.

    Ties count one half. Values below one half stay below one half: nothing is flipped.
    """
    n = len(inside)
    ranks = rankdata(np.concatenate([inside, outside]))
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * len(outside)))


def compare(
    inside: Scores,
    outside: Scores,
    detectors: Sequence[str],
    *,
    groups: tuple[str, str],
    n_resamples: int,
    seed: int,
) -> Comparison:
    """Permute the labels of two groups; the same permutations serve all detectors.

    Args:
        inside: Scores of the group that scores higher if the suspect was trained on it.
        outside: Scores of the other group.
        detectors: Which detectors to use.
        groups: Names of the groups in messages.
        n_resamples: Number of permutations.
        seed: Seed for the permutations.

    Raises:
        PrerequisiteError: A group has fewer than two documents that every detector scored.
    """
    ours, theirs = _scored(inside, detectors), _scored(outside, detectors)
    n, m = ours.shape[1], theirs.shape[1]
    if min(n, m) < 2:
        raise PrerequisiteError(
            f"needs 2 scored documents a group, got {n} {groups[0]} and {m} {groups[1]}"
        )
    ranks = np.stack([rankdata(row) for row in np.concatenate([ours, theirs], axis=1)])
    observed = _auroc_of_sums(ranks[:, n:].sum(1), n, m)
    null = _permuted(ranks, m, n_resamples, np.random.default_rng(seed))
    largest = float(observed.max())
    given = sum(len(group[detectors[0]]) for group in (inside, outside))
    return Comparison(
        statistic=largest,
        pvalue=monte_carlo_pvalue(largest, null),
        null=null,
        aurocs=dict(zip(detectors, observed.tolist(), strict=True)),
        adjusted={
            name: monte_carlo_pvalue(float(value), null)
            for name, value in zip(detectors, observed, strict=True)
        },
        n_inside=n,
        n_outside=m,
        n_unscored=given - n - m,
    )


def _scored(scores: Scores, detectors: Sequence[str]) -> NDArray[np.float64]:
    """Return the scores of the documents that every detector scored, shape (detectors, n)."""
    table = np.stack([np.asarray(scores[name], dtype=np.float64) for name in detectors])
    return table[:, np.isfinite(table).all(0)]


def _auroc_of_sums(rank_sums: NDArray[np.float64], n: int, m: int) -> NDArray[np.float64]:
    """Return AUROCs from the rank sums of the `outside` group."""
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
