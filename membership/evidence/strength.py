"""What the evidence of the re-draw test is made of: the gain of each site, and more documents."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from membership.evidence.redraw import DrawTable, draw_table
from membership.evidence.score_table import ScoreTable

SIZES = (1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 100_000, 1_000_000)
"""Numbers of documents for which the strength is stated, as far as a corpus goes."""
N_SUBSETS = 40
"""Random subsets of each size."""


@dataclass(frozen=True)
class Strength:
    """How far T lies above its null mean in random subsets of the documents; descriptive."""

    n_documents: int
    low: float
    """Tenth percentile over the subsets, in standard deviations."""
    median: float
    high: float
    """Ninetieth percentile."""


def site_gains(table: ScoreTable, outcomes: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return what each site adds to T, shape (n_sites,); the sum over the sites is T.

    Args:
        table: The scores.
        outcomes: The outcome of each draw, in the order in which the draws first occur.
    """
    draw, draws = _draw_numbers(table)
    chosen = table.score[np.arange(len(draw)), outcomes[draw]]
    gains: NDArray[np.float64] = chosen / np.sqrt(draws.n_sites[draw])
    return gains


def strength_by_documents(
    table: ScoreTable, outcomes: NDArray[np.int64], *, seed: int = 0
) -> tuple[Strength, ...]:
    """Return how the evidence grows with the number of documents.

    Subsets of one audit overlap and come from one model, so this describes the audit at hand and
    is no forecast for another model.

    Args:
        table: The scores.
        outcomes: The outcome of each draw, in the order in which the draws first occur.
        seed: Seed for the subsets.
    """
    draw, draws = _draw_numbers(table)
    names = {name: i for i, name in enumerate(dict.fromkeys(table.document_ids))}
    document = np.array([names[name] for name in table.document_ids], dtype=np.int64)
    rng, found = np.random.default_rng(seed), list[Strength]()
    sizes = [size for size in SIZES if size < len(names)]
    for size in [*sizes, len(names)]:
        zscores = []
        for _ in range(N_SUBSETS if size < len(names) else 1):
            chosen = np.zeros(len(names), dtype=bool)
            chosen[rng.choice(len(names), size, replace=False)] = True
            kept = chosen[document]
            zscores.append(_zscore(table.score[kept], draw[kept], outcomes, draws.n_options))
        low, median, high = np.quantile(zscores, [0.1, 0.5, 0.9]).tolist()
        found.append(Strength(size, low, median, high))
    return tuple(found)


def _draw_numbers(table: ScoreTable) -> tuple[NDArray[np.int64], DrawTable]:
    """Return the number of each site's draw, and the draws."""
    draws = draw_table(table)
    number = {name: i for i, name in enumerate(draws.names)}
    return np.array([number[name] for name in table.draws], dtype=np.int64), draws


def _zscore(
    score: NDArray[np.float64],
    draw: NDArray[np.int64],
    outcomes: NDArray[np.int64],
    n_options: NDArray[np.int64],
) -> float:
    """Return T over its standard deviation under fresh keys, of some sites; 0 if it is constant."""
    n_draws = len(outcomes)
    n_sites = np.maximum(1, np.bincount(draw, minlength=n_draws))
    sums = np.stack([np.bincount(draw, column, n_draws) for column in score.T], axis=1)
    value = sums / np.sqrt(n_sites)[:, None]
    spread = float(np.sqrt((np.square(value).sum(1) / n_options).sum()))
    total = float(value[np.arange(n_draws), outcomes].sum())
    return total / spread if spread else 0.0
