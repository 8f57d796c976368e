"""Regressions of acceptance: fitted to votes, and measured on targets they have not seen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from watermark.substitution.acceptability import Quality

Floats = NDArray[np.float64]

FOLDS, REPEATS = 10, 5
"""Folds, and how often lemmas are dealt into them anew; what is reported is the mean."""
PENALTY: dict[Quality, float] = {"fast": 0.03, "best": 0.1}
"""C of the regression over standardised features. Without models the loss on unseen lemmas is .389
at C = .003, .386 at .01, .387 at .03, .388 at .05 and .389 at .1."""
UNASKED_WEIGHT = 0.2
"""Weight of a word that nobody was asked about, which is taken for refused."""
COVERAGES = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5)
OFFER_COVERAGE: dict[Quality, float] = {"fast": 0.2, "best": 0.2}
"""Share of all targets that keep a candidate when candidates are shown."""
MARK_COVERAGE: dict[Quality, float] = {"fast": 0.1, "best": 0.12}
"""Share when texts are marked: fewer, since text has more words than marks are wanted."""
BOOTSTRAPS = 2000


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
    weight: float = 1.0
    """How much it counts in the fit."""


@dataclass(frozen=True)
class _Table:
    """Rows as arrays."""

    features: Floats
    votes: Floats
    weight: Floats
    lemmas: NDArray[np.str_]


def fit_and_measure(
    rows: Sequence[Row],
    quality: Quality,
    n_targets: int,
    unseen: Sequence[Floats],
    written: Sequence[Row] = (),
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the regression as the package keeps it, and what it does on unseen targets.

    Args:
        rows: Judged words, with which it is fitted and measured.
        quality: Whose penalty and thresholds count.
        n_targets: How many targets there were, those without a row among them.
        unseen: Scores of the rows by `unseen_repeats`.
        written: Words for other targets, with which it is fitted as well.
    """
    first, second = ([curve(rows, s, n_targets, rank) for s in unseen] for rank in (0, 1))
    known, scale, shift = calibrated(rows, unseen)
    table = _as_table([*rows, *written])
    weights, intercept = _fit(table, np.full(len(table.votes), True), PENALTY[quality])
    names = list(rows[0].features)
    tops = sorted(_ranked(rows, known, 0), reverse=True)
    offer = _chance(tops[round(OFFER_COVERAGE[quality] * n_targets) - 1][0])
    mark = _chance(tops[round(MARK_COVERAGE[quality] * n_targets) - 1][0])
    stored = {
        "weights": {n: float(f"{w * scale:.5g}") for n, w in zip(names, weights, strict=True)},
        "intercept": float(f"{intercept * scale + shift:.5g}"),
        "threshold": round(mark, 2),
        "offer_threshold": round(offer, 2),
    }
    interval = bootstrap(rows, known, n_targets)
    return stored, {"first": _mean(first), "second": _mean(second), "interval": interval}


def unseen_repeats(
    rows: Sequence[Row], quality: Quality, written: Sequence[Row] = ()
) -> list[Floats]:
    """Return log-odds of acceptance of `rows`, lemmas unseen, for each of some divisions."""
    table = _as_table([*rows, *written])
    return [_unseen(table, quality, seed)[: len(rows)] for seed in range(REPEATS)]


def _unseen(table: _Table, quality: Quality, seed: int) -> Floats:
    """Return log-odds, each by a regression that saw no target of the lemma."""
    lemmas, places = np.unique(table.lemmas, return_inverse=True)
    folds = (np.random.default_rng(seed).permutation(len(lemmas)) % FOLDS)[places]
    scores = np.zeros(len(places))
    for number in range(FOLDS):
        weights, intercept = _fit(table, folds != number, PENALTY[quality])
        scores[folds == number] = table.features[folds == number] @ weights + intercept
    return scores


def _as_table(rows: Sequence[Row]) -> _Table:
    weight = [UNASKED_WEIGHT if row.accepted is None else row.weight for row in rows]
    return _Table(
        np.array([list(row.features.values()) for row in rows], dtype=np.float64),
        np.array([row.accepted or 0.0 for row in rows]),
        np.array(weight),
        np.array([row.target_lemma for row in rows]),
    )


def _fit(table: _Table, seen: NDArray[np.bool_], penalty: float) -> tuple[Floats, float]:
    """Fit to the votes of the rows seen; return weights, in the features' units, and intercept."""
    X, votes, weight = table.features[seen], table.votes[seen], table.weight[seen]
    mean, spread = X.mean(0), X.std(0)
    spread[spread == 0] = 1.0
    Z = (X - mean) / spread
    fitted = LogisticRegression(C=penalty, solver="newton-cholesky", max_iter=100)
    share = np.concatenate([weight * votes, weight * (1 - votes)])
    fitted.fit(np.vstack([Z, Z]), np.repeat([1, 0], len(votes)), sample_weight=share)
    weights = fitted.coef_[0] / spread
    return weights, float(fitted.intercept_[0] - weights @ mean)


def calibrated(rows: Sequence[Row], unseen: Sequence[Floats]) -> tuple[Floats, float, float]:
    """Return unseen log-odds of a vote for each word, and the scale and shift that made them so."""
    scores = np.mean(unseen, axis=0)
    asked = np.array([row.accepted is not None and row.offered for row in rows])
    votes = np.array([row.accepted or 0.0 for row in rows])[asked]
    column = np.tile(scores[asked], 2)[:, None]
    line = LogisticRegression(C=1e6)
    labels = np.repeat([1, 0], asked.sum())
    line.fit(column, labels, sample_weight=np.concatenate([votes, 1 - votes]))
    scale, shift = float(line.coef_[0, 0]), float(line.intercept_[0])
    return scale * scores + shift, scale, shift


def bootstrap(
    rows: Sequence[Row], scores: Floats, n_targets: int, coverage: float = 0.2
) -> dict[str, list[float]]:
    """Return 95 % intervals of `judged` and `strict` of first candidates, lemmas drawn anew.

    A lemma has up to twelve targets in Swords, and what is right for one is right for most.
    """
    best: dict[int, tuple[float, float, str]] = {}
    for row, score in zip(rows, scores, strict=True):
        if row.offered and (row.target not in best or score > best[row.target][0]):
            vote = -1.0 if row.accepted is None else row.accepted
            best[row.target] = (float(score), vote, row.target_lemma)
    by_lemma: dict[str, list[tuple[float, float]]] = {}
    for score, vote, lemma in best.values():
        by_lemma.setdefault(lemma, []).append((score, vote))
    groups, rng = list(by_lemma.values()), np.random.default_rng(0)
    shares = []
    for _ in range(BOOTSTRAPS):
        drawn = [pair for i in rng.integers(0, len(groups), len(groups)) for pair in groups[i]]
        kept = sorted(drawn, reverse=True)[: round(coverage * n_targets)]
        good = sum(vote >= 0.5 for _, vote in kept)
        shares.append((good / max(1, sum(vote >= 0 for _, vote in kept)), good / len(kept)))
    judged, strict = np.quantile(np.array(shares), [0.025, 0.975], axis=0).T.tolist()
    return {"judged": judged, "strict": strict}


def written_curve(
    rows: Sequence[Row], written: Sequence[Row], n_targets: int
) -> list[dict[str, float]]:
    """Return how often an annotator wrote the first candidate, on lemmas not seen, by coverage."""
    scores = _unseen(_as_table([*written, *rows]), "fast", 0)[: len(written)]
    return curve(written, scores, n_targets, 0, least=1e-9)


def _ranked(rows: Sequence[Row], scores: Floats, rank: int) -> list[tuple[float, float]]:
    """Return score and votes (-1: not asked) of each target's candidate of a rank, 0 the first."""
    offered: dict[int, list[tuple[float, float]]] = {}
    for row, score in zip(rows, scores, strict=True):
        if row.offered:
            votes = -1.0 if row.accepted is None else row.accepted
            offered.setdefault(row.target, []).append((float(score), votes))
    return [sorted(some, reverse=True)[rank] for some in offered.values() if len(some) > rank]


def curve(
    rows: Sequence[Row], scores: Floats, n_targets: int, rank: int, least: float = 0.5
) -> list[dict[str, float]]:
    """Return acceptance of the candidate of a rank against the share of targets that have one.

    A word is acceptable if at least a share `least` of its annotators say so.
    """
    found = sorted(_ranked(rows, scores, rank), reverse=True)
    points = []
    for coverage in COVERAGES:
        kept = [votes for _, votes in found[: round(coverage * n_targets)]]
        if len(kept) < round(coverage * n_targets):
            break
        asked = [votes for votes in kept if votes >= 0]
        good = sum(votes >= least for votes in asked)
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
