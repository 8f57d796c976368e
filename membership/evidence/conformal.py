"""Which documents were trained on: a p-value each, and a list with few false ones (grade B)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import false_discovery_control

from watermark.errors import PrerequisiteError

ASSUMPTION = (
    "a document that was not trained on is exchangeable with the control documents, none of which "
    "was trained on"
)


@dataclass(frozen=True)
class Selection:
    """Documents selected as trained on; on average at most `level` of the list is wrong."""

    pvalues: NDArray[np.float64]
    """For each document; NaN where it has no score."""
    selected: NDArray[np.bool_]
    level: float
    n_calibration: int


def conformal_pvalues(
    scores: NDArray[np.float64], control: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return for each score (1 + n control scores as high) / (1 + n control scores).

    Exact for one document if it is exchangeable with the control documents. A NaN score gives NaN.

    Raises:
        PrerequisiteError: No control document has a score.
    """
    known = np.sort(control[np.isfinite(control)])
    if not len(known):
        raise PrerequisiteError("conformal test: needs scored control documents, got none")
    as_high = len(known) - np.searchsorted(known, scores, side="left")
    return np.where(np.isfinite(scores), (1 + as_high) / (1 + len(known)), np.nan)


def select(scores: NDArray[np.float64], control: NDArray[np.float64], *, level: float) -> Selection:
    """Select documents by the Benjamini-Hochberg procedure at a false-discovery rate.

    The p-values share their control documents and so depend on each other, in a way that the
    procedure allows: Bates et al., "Testing for Outliers with Conformal p-values", Annals of
    Statistics 2023. With n control documents no p is below 1 / (n + 1), so with few of them nothing
    is selected.

    Args:
        scores: Scores of the documents in question, by one detector named in advance.
        control: Scores of documents known not to be trained on.
        level: False-discovery rate, the highest average share of wrong documents in the list.

    Raises:
        PrerequisiteError: No control document has a score.
        ValueError: The level is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise ValueError(f"a level is between 0 and 1, got {level}")
    pvalues = conformal_pvalues(scores, control)
    selected = np.zeros(len(scores), dtype=bool)
    scored = np.isfinite(pvalues)
    if scored.any():
        selected[scored] = false_discovery_control(pvalues[scored], method="bh") <= level
    return Selection(pvalues, selected, level, int(np.isfinite(control).sum()))
