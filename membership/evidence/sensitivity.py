"""What a suspect shows of a mark: measured on a trained model, assumed before there is one."""

from dataclasses import dataclass

import numpy as np

from membership.evidence.redraw import draw_table, redraw_test
from membership.evidence.score_table import ScoreTable
from watermark.keys import Key


@dataclass(frozen=True)
class Sensitivity:
    """What a suspect shows of a mark that it was trained on, in the unit of the score table."""

    effect: float
    """By how much the published word gains over its alternatives, mean over sites."""
    noise: float
    """Root mean square of what else is in a score of the table, a deviation from the mean over the
    site's candidates."""
    correlation: float = 0.0
    """Of the noise at two sites of one draw, from 0 to 1."""

    def __post_init__(self) -> None:
        """Reject values that no table has.

        Raises:
            ValueError: The noise is not positive, or the correlation is not between 0 and 1.
        """
        if not self.noise > 0 or not 0 <= self.correlation <= 1:
            raise ValueError(
                f"wanted a noise above 0 and a correlation from 0 to 1, got {self.noise:g} and "
                f"{self.correlation:g}"
            )


def measure_sensitivity(table: ScoreTable, key: Key) -> Sensitivity:
    """Return what the table of a trained suspect shows of the marks of a key.

    Raises:
        PrerequisiteError: There is no usable site.
    """
    result = redraw_test(table, key, alpha=0.001, n_resamples=99)
    inside = np.arange(table.score.shape[1]) < table.n_candidates[:, None]
    shift = result.effect**2 / table.n_candidates * (1 - 1 / table.n_candidates)
    square = np.square(table.score[inside]).mean() - shift.mean()
    draws = draw_table(table)
    many = draws.n_sites > 1
    sums = np.square(draws.value[many]).sum(1) * draws.n_sites[many]
    number = {name: i for i, name in enumerate(draws.names)}
    alone = np.bincount([number[d] for d in table.draws], np.square(table.score).sum(1))[many]
    pairs = ((draws.n_sites[many] - 1) * alone).sum()
    together = (sums - alone).sum() / pairs if pairs else 0.0
    total = np.square(table.score[inside]).mean()
    correlation = (together * total - shift.mean()) / max(square, 1e-12)
    return Sensitivity(
        result.effect, float(np.sqrt(max(square, 1e-12))), float(np.clip(correlation, 0.0, 1.0))
    )
