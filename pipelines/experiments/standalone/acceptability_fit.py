"""Regressions of acceptance: fitted to votes, and measured on targets they have not seen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from watermark.substitution.acceptability import Quality

Floats = NDArray[np.float64]

FOLDS, REPEATS = 10, 10
"""Folds, and how often lemmas are dealt into them anew; what is reported is the mean."""
PENALTY: dict[Quality, float] = {"fast": 0.001, "best": 0.01}
"""C of the regression over standardised features: strong, so that features that say alike share."""
COVERAGES = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5)
OFFER_COVERAGE: dict[Quality, float] = {"fast": 0.25, "best": 0.25}
"""Share of all targets that keep a candidate when candidates are shown."""
MARK_COVERAGE: dict[Quality, float] = {"fast": 0.12, "best": 0.15}
"""Share when texts are marked: fewer, since text has more words than marks are wanted."""


@dataclass(frozen=True)
class Row:
    """A word that might stand for a target."""

    target: int
    target_lemma: str
    candidate: str
    offered: bool
    """Whether its form, rarity and register let it be offered."""
    accepted: float | None
    """Share of the annotators who accept it; None if they were not asked."""
    features: Mapping[str, float]


def fit_and_measure(
    rows: Sequence[Row], quality: Quality, n_targets: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the regression as the package keeps it, and what it does on unseen targets."""
    curves = []
    for seed in range(REPEATS):
        scores = unseen_scores(rows, quality, seed)
        curves.append({rank: curve(rows, scores, n_targets, rank) for rank in (0, 1)})
    known, scale, shift = _calibration(rows, quality)
    weights, intercept = _fit(rows, PENALTY[quality])
    names = list(rows[0].features)
    tops = sorted(_ranked(rows, scale * known + shift, 0), reverse=True)
    offer = _chance(tops[round(OFFER_COVERAGE[quality] * n_targets) - 1][0])
    mark = _chance(tops[round(MARK_COVERAGE[quality] * n_targets) - 1][0])
    stored = {
        "weights": {n: float(f"{w * scale:.5g}") for n, w in zip(names, weights, strict=True)},
        "intercept": float(f"{intercept * scale + shift:.5g}"),
        "threshold": round(mark, 2),
        "offer_threshold": round(offer, 2),
    }
    return stored, {"first": _mean([c[0] for c in curves]), "second": _mean([c[1] for c in curves])}


def unseen_scores(rows: Sequence[Row], quality: Quality, seed: int = 0) -> Floats:
    """Return log-odds of acceptance, each from a regression that saw no target of the lemma."""
    lemmas = sorted({row.target_lemma for row in rows})
    dealt = np.random.default_rng(seed).permutation(len(lemmas)) % FOLDS
    fold = dict(zip(lemmas, dealt, strict=True))
    folds = np.array([fold[row.target_lemma] for row in rows])
    X = _matrix(rows)
    scores = np.zeros(len(rows))
    for number in range(FOLDS):
        seen = [row for row, k in zip(rows, folds, strict=True) if k != number]
        weights, intercept = _fit(seen, PENALTY[quality])
        scores[folds == number] = X[folds == number] @ weights + intercept
    return scores


def _matrix(rows: Sequence[Row]) -> Floats:
    return np.array([list(row.features.values()) for row in rows], dtype=np.float64)


def _fit(rows: Sequence[Row], penalty: float) -> tuple[Floats, float]:
    """Fit to the votes; return weights and intercept in the units of the features.

    A word that nobody was asked about says nothing.
    """
    asked = [row for row in rows if row.accepted is not None]
    X, votes = _matrix(asked), np.array([row.accepted for row in asked], dtype=np.float64)
    mean, spread = X.mean(0), X.std(0)
    spread[spread == 0] = 1.0
    Z = (X - mean) / spread
    fitted = LogisticRegression(C=penalty, max_iter=1000)
    labels = np.repeat([1, 0], len(asked))
    fitted.fit(np.vstack([Z, Z]), labels, sample_weight=np.concatenate([votes, 1 - votes]))
    weights = fitted.coef_[0] / spread
    return weights, float(fitted.intercept_[0] - weights @ mean)


def _calibration(rows: Sequence[Row], quality: Quality) -> tuple[Floats, float, float]:
    """Return unseen scores, and the line that makes of them log-odds of a vote for the word."""
    scores = np.mean([unseen_scores(rows, quality, seed) for seed in range(REPEATS)], axis=0)
    asked = np.array([row.accepted is not None and row.offered for row in rows])
    votes = np.array([row.accepted or 0.0 for row in rows])[asked]
    column = np.tile(scores[asked], 2)[:, None]
    line = LogisticRegression(C=1e6)
    labels = np.repeat([1, 0], asked.sum())
    line.fit(column, labels, sample_weight=np.concatenate([votes, 1 - votes]))
    return scores, float(line.coef_[0, 0]), float(line.intercept_[0])


def _ranked(rows: Sequence[Row], scores: Floats, rank: int) -> list[tuple[float, float]]:
    """Return score and votes (-1: not asked) of each target's candidate of a rank, 0 the first."""
    offered: dict[int, list[tuple[float, float]]] = {}
    for row, score in zip(rows, scores, strict=True):
        if row.offered:
            votes = -1.0 if row.accepted is None else row.accepted
            offered.setdefault(row.target, []).append((float(score), votes))
    return [sorted(some, reverse=True)[rank] for some in offered.values() if len(some) > rank]


def curve(rows: Sequence[Row], scores: Floats, n_targets: int, rank: int) -> list[dict[str, float]]:
    """Return acceptance of the candidate of a rank against the share of targets that have one.

    A word is acceptable if at least half of its annotators say so.
    """
    found = sorted(_ranked(rows, scores, rank), reverse=True)
    points = []
    for coverage in COVERAGES:
        kept = [votes for _, votes in found[: round(coverage * n_targets)]]
        if len(kept) < round(coverage * n_targets):
            break
        asked = [votes for votes in kept if votes >= 0]
        good = sum(votes >= 0.5 for votes in asked)
        points.append(
            {
                "coverage": coverage,
                "judged": good / max(1, len(asked)),
                "strict": good / len(kept),
                "n": len(kept),
                "n_judged": len(asked),
            }
        )
    return points


def _mean(curves: Sequence[Sequence[Mapping[str, float]]]) -> list[dict[str, float]]:
    return [
        {name: float(np.mean([point[name] for point in points])) for name in points[0]}
        for points in zip(*curves, strict=False)
    ]


def _chance(log_odds: float) -> float:
    return float(1 / (1 + np.exp(-log_odds)))
