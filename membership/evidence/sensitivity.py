"""What a suspect shows of a mark: measured on a trained model, assumed before there is one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from membership.evidence.redraw import choices_of, draw_table
from membership.evidence.score_table import ScoreTable
from watermark.errors import PrerequisiteError
from watermark.keys import Coins


@dataclass(frozen=True)
class Sensitivity:
    """What a suspect shows of a mark that it was trained on, in the unit of the score table."""

    effect: float
    """By how much the published word gains over its alternatives, mean over sites."""
    noise: float
    """Root mean square of what else is in a score of the table, a deviation from the mean over the
    site's candidates."""
    correlation: float = 0.0
    """Correlation of the noise at two sites of one draw, from 0 to 1."""
    error: float = 0.0
    """Standard error of the effect: how far the next training, key and corpus may lie from it."""
    coefficients: int = 0
    """How many coefficients the adjustment of the table fits, which cost the effect as much."""

    def __post_init__(self) -> None:
        """Reject values that no table has.

        Raises:
            ValueError: The noise is not positive, the correlation is not between 0 and 1, or the
                error or the number of coefficients is negative.
        """
        if not self.noise > 0 or not 0 <= self.correlation <= 1:
            raise ValueError(
                f"wanted a noise above 0 and a correlation from 0 to 1, got {self.noise:g} and "
                f"{self.correlation:g}"
            )
        if not self.error >= 0 or self.coefficients < 0:
            raise ValueError(
                "wanted an error and a number of coefficients of at least 0, got "
                f"{self.error:g} and {self.coefficients}"
            )


def measure_sensitivity(table: ScoreTable, key: Coins) -> Sensitivity:
    """Return what the table of a trained suspect shows of the marks of a key.

    Its error is that of sampling alone; `pool_sensitivities` adds how far trainings differ.

    Raises:
        PrerequisiteError: There is no usable site.
    """
    draws = draw_table(table)
    if not draws.names:
        raise PrerequisiteError("no usable site: the effect of training cannot be measured")
    number = {name: i for i, name in enumerate(draws.names)}
    draw = np.array([number[name] for name in table.draws])
    chosen = table.score[np.arange(len(draw)), choices_of(key, draws)[draw]]
    gain = float((1 - 1 / table.n_candidates).sum())
    effect = float(chosen.sum()) / gain
    inside = np.arange(table.score.shape[1]) < table.n_candidates[:, None]
    shift = effect**2 / table.n_candidates * (1 - 1 / table.n_candidates)
    total = float(np.square(table.score[inside]).mean())
    square = max(total - float(shift.mean()), 1e-12)
    together = _likeness(table.score, draw, draws.n_sites) * total - float(shift.mean())
    correlation = float(np.clip(together / square, 0.0, 1.0))
    n = draws.n_sites
    error = float(np.sqrt(square * (n * (1 + (n - 1) * correlation)).sum())) / gain
    return Sensitivity(effect, float(np.sqrt(square)), correlation, error, len(table.adjustment))


def _likeness(
    score: NDArray[np.float64], draw: NDArray[np.int64], n_sites: NDArray[np.int64]
) -> float:
    """Return the mean product of two sites of one draw, relative to that of a site with itself."""
    sums = np.zeros((len(n_sites), score.shape[1]))
    np.add.at(sums, draw, score)
    alone = np.bincount(draw, np.square(score).sum(1), minlength=len(n_sites))
    pairs = ((n_sites - 1) * alone).sum()
    return float((np.square(sums).sum(1) - alone).sum() / pairs) if pairs else 0.0


def pool_sensitivities(runs: Sequence[Sensitivity]) -> Sensitivity:
    """Return what the next run of the same kind is expected to show.

    The effects of the runs differ by sampling and by what differs between trainings, keys and
    texts. The error is that of the next run: the second part once, and both in the mean.
    """
    effects = np.array([run.effect for run in runs])
    sampling = float(np.mean([run.error**2 for run in runs]))
    between = max(0.0, float(effects.var(ddof=1)) - sampling) if len(runs) > 1 else 0.0
    return Sensitivity(
        float(effects.mean()),
        float(np.sqrt(np.mean([run.noise**2 for run in runs]))),
        float(np.mean([run.correlation for run in runs])),
        float(np.sqrt(between + (between + sampling) / len(runs))),
        max(run.coefficients for run in runs),
    )
