"""LLM Dataset Inference: many detectors, weighted on one half of the documents and tested once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LinearRegression

from membership.evidence.blind import BlindBaseline
from membership.evidence.control import GROUPS, control_result, refuse_different
from membership.evidence.permutation import Scores, compare
from membership.evidence.result import TestResult
from watermark.errors import PrerequisiteError

_CLIP = 0.02


@dataclass(frozen=True)
class Weights:
    """A weighted sum of detectors, each clipped and scaled as in the data it was fitted to."""

    low: NDArray[np.float64]
    """Clipping bounds of each detector, shape (n_detectors,)."""
    high: NDArray[np.float64]
    center: NDArray[np.float64]
    """Mean of each detector after clipping."""
    spread: NDArray[np.float64]
    """Standard deviation of each detector after clipping; 1 for a constant one."""
    weights: NDArray[np.float64]
    """Weight of each detector, at least 0."""

    def apply(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the weighted sum for each row of scores."""
        return self.scaled(rows) @ self.weights

    def scaled(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return rows clipped, centred and in units of the spread."""
        clipped: NDArray[np.float64] = np.clip(rows, self.low, self.high)
        return (clipped - self.center) / self.spread


def dataset_inference(
    questioned: Scores,
    control: Scores,
    blind: BlindBaseline,
    *,
    detectors: Sequence[str],
    alpha: float,
    n_resamples: int = 99_999,
    seed: int = 0,
) -> TestResult:
    """Weight detectors on one half of the documents, and test the weighted sum on the other half.

    Source: Maini et al., "LLM Dataset Inference: Did you train on my dataset?", NeurIPS 2024;
    official code pratyushmaini/llm_dataset_inference. Ours differs in four ways. Outliers are
    clipped at quantiles of both groups together; there, of each group separately, which makes p too
    small if the groups have different sizes. Weights are not negative, as all detectors are
    higher for members; there, any difference between the groups counts as evidence, even in
    the wrong direction. The second half is tested once, by permutation; there, by t-tests at
    sixteen sizes. And the test is refused if the blind baseline separates the sets.

    Args:
        questioned: Scores of the documents in question by detector; NaN if unscored.
        control: The same for documents known not to be trained on.
        blind: The blind baseline of the two sets of texts.
        detectors: Which detectors to weight.
        alpha: Level of the minimum detectable effect.
        n_resamples: Number of permutations.
        seed: Seed for the halves and the permutations.

    Raises:
        PrerequisiteError: The texts differ without the model, or a group has fewer than four
            documents that every detector scored.
    """
    refuse_different(blind)
    ours, theirs = (_complete(scores, detectors) for scores in (questioned, control))
    if min(len(ours), len(theirs)) < 4:
        raise PrerequisiteError(
            "dataset inference: needs 4 scored documents a group, got "
            f"{len(ours)} {GROUPS[0]} and {len(theirs)} {GROUPS[1]}"
        )
    rng = np.random.default_rng([seed, 1])
    fit_in, test_in = _halves(ours, rng)
    fit_out, test_out = _halves(theirs, rng)
    weigh = fit_weights(fit_in, fit_out)
    found = compare(
        {"weighted": weigh.apply(test_in)},
        {"weighted": weigh.apply(test_out)},
        ["weighted"],
        groups=GROUPS,
        n_resamples=n_resamples,
        seed=seed,
    )
    weights = dict(zip(detectors, weigh.weights.tolist(), strict=True))
    return control_result(
        "dataset inference", found, alpha, seed, blind, detectors, {"weights": weights}
    )


def fit_weights(inside: NDArray[np.float64], outside: NDArray[np.float64]) -> Weights:
    """Fit non-negative weights that make the first group higher than the second."""
    both = np.concatenate([inside, outside])
    low, high = np.quantile(both, [_CLIP, 1 - _CLIP], axis=0)
    clipped = np.clip(both, low, high)
    spread = clipped.std(0)
    even = Weights(
        low, high, clipped.mean(0), np.where(spread > 0, spread, 1.0), np.ones(both.shape[1])
    )
    labels = np.repeat([1.0, 0.0], [len(inside), len(outside)])
    fitted = LinearRegression(positive=True).fit(even.scaled(both), labels)
    return replace(even, weights=fitted.coef_)


def _complete(scores: Scores, detectors: Sequence[str]) -> NDArray[np.float64]:
    """Return a row for each document that every detector scored."""
    table = np.stack([np.asarray(scores[name], dtype=np.float64) for name in detectors], axis=1)
    return table[np.isfinite(table).all(1)]


def _halves(
    rows: NDArray[np.float64], rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    order = rng.permutation(len(rows))
    return rows[order[: len(rows) // 2]], rows[order[len(rows) // 2 :]]
