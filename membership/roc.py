"""How well scores separate members from nonmembers: descriptive, not evidence (grade C)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score, roc_curve

from watermark.errors import PrerequisiteError

FPRS = (0.05, 0.01, 0.001)
_BLOCK_CELLS = 4_000_000
"""Random numbers held in memory at a time."""


@dataclass(frozen=True)
class Separation:
    """Separation of known members and nonmembers by one score. Scores are never flipped."""

    auroc: float
    """Probability that a member scores higher than a nonmember; ties count one half."""
    low: float
    high: float
    """95 % percentile bootstrap interval of the AUROC, members and nonmembers drawn separately."""
    tpr: dict[float, float]
    """Largest true-positive rate at each false-positive rate. A rate below 1 / n_nonmembers allows
    no false positive at all."""
    fpr_curve: NDArray[np.float64]
    tpr_curve: NDArray[np.float64]
    """The corners of the ROC curve."""
    n_members: int
    n_nonmembers: int
    n_unscored: int


def separation(
    scores: NDArray[np.float64],
    members: NDArray[np.bool_],
    *,
    rng: np.random.Generator,
    n_resamples: int = 2000,
) -> Separation:
    """Compare the scores of members and nonmembers.

    Args:
        scores: Higher = more likely trained on; NaN if unscored.
        members: Which documents are members.
        rng: Random generator of the bootstrap.
        n_resamples: Number of bootstrap samples.

    Raises:
        PrerequisiteError: A group has no scored document.
    """
    scored = np.isfinite(scores)
    values, labels = scores[scored], members[scored]
    n, m = int(labels.sum()), int((~labels).sum())
    if not n or not m:
        raise PrerequisiteError(f"AUROC: needs scored members and nonmembers, got {n} and {m}")
    fpr, tpr, _ = roc_curve(labels, values)
    low, high = np.quantile(_bootstrap(values, labels, n_resamples, rng), [0.025, 0.975])
    return Separation(
        auroc=float(roc_auc_score(labels, values)),
        low=float(low),
        high=float(high),
        tpr={level: float(tpr[fpr <= level].max()) for level in FPRS},
        fpr_curve=fpr,
        tpr_curve=tpr,
        n_members=n,
        n_nonmembers=m,
        n_unscored=int((~scored).sum()),
    )


def _bootstrap(
    values: NDArray[np.float64],
    labels: NDArray[np.bool_],
    n_resamples: int,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Return AUROCs of bootstrap samples; a document drawn twice counts twice."""
    _, tied = np.unique(values, return_inverse=True)
    n_values = int(tied.max()) + 1
    found = np.empty(n_resamples)
    block = max(1, _BLOCK_CELLS // n_values)
    for start in range(0, n_resamples, block):
        size = min(block, n_resamples - start)
        inside = _draw(tied[labels], n_values, size, rng)
        outside = _draw(tied[~labels], n_values, size, rng)
        below = np.cumsum(outside, axis=1) - outside / 2
        pairs = labels.sum() * (~labels).sum()
        found[start : start + size] = (inside * below).sum(1) / pairs
    return found


def _draw(
    tied: NDArray[np.intp], n_values: int, size: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Draw documents with replacement; return counts of each value, one row per sample."""
    shares = np.bincount(tied, minlength=n_values) / len(tied)
    return rng.multinomial(len(tied), shares, size=size).astype(np.float64)
