"""The re-marking test: whether the suspect knows the published texts better than re-marked ones.

Every text is marked again with fresh keys, in the same way. If the suspect does not depend on the
key, the published version is exchangeable with the others, and its rank among them is an exact
p-value, for any detector. It is the test of the papers on data watermarks (there, a z-score), and
the test for marks without alternatives that could be compared in place.
"""

from collections.abc import Sequence
from math import floor

import numpy as np
from numpy.typing import NDArray

from membership.detector import Score, values_of
from membership.evidence.power import POWER, strong_difference
from membership.evidence.redraw import ASSUMPTION, DrawTable, null_statistics, response
from membership.evidence.remarkings import Remarkings
from membership.evidence.result import TestResult, Versions, monte_carlo_pvalue
from watermark.errors import PrerequisiteError


def remark_test(
    remarkings: Remarkings,
    scores: Sequence[Score],
    *,
    detector: str,
    alpha: float,
    n_resamples: int = 99_999,
    seed: int = 0,
) -> TestResult:
    """Compare the published versions with those of fresh keys.

    The part of a score explained by the length of the version is removed first, in the same way
    for all versions: a look-alike takes more bytes, and more tokens, than its letter.
    Texts of one block are summed and divided by the square root of their number. The null is the
    fresh versions of a single block, or sums of one version drawn per block, published ones too.

    Args:
        remarkings: The published texts and their re-marked versions.
        scores: Scores of `remarkings.documents()`, in the same order. A text with an unscored
            version is left out.
        detector: Name of the detector that made the scores.
        alpha: Level of the minimum detectable effect.
        n_resamples: Number of combinations drawn, with several blocks.
        seed: Seed for the combinations.

    Raises:
        PrerequisiteError: No text was scored in all of its versions.
    """
    table, usable = _scored_table(remarkings, scores)
    width = table.shape[1]
    adjusted = _without_length(table[usable], remarkings.n_bytes()[usable])
    draws = _block_table(adjusted, remarkings.blocks[usable])
    observed = float(draws.value[:, 0].sum())
    null = _null(draws, n_resamples, np.random.default_rng([seed, 2]))
    per_unit = float(np.sqrt(draws.n_sites).sum()) * (width - 1) / width
    n_unscored = int((~usable).sum())
    unscored = sorted({score.reason for score in scores if score.reason})
    return TestResult(
        test="remark",
        title="re-marking test",
        basis=(
            f"Based on {_counts(remarkings, usable)}, each against {width - 1:,} re-marked "
            f"versions, in {len(draws.names):,} independent blocks, {detector}"
        ),
        n_units=len(adjusted),
        statistic=observed,
        pvalue=monte_carlo_pvalue(observed, null),
        n_resamples=null.size,
        null=null,
        seed=seed,
        effect=observed / per_unit,
        detectable_effect=_detectable(draws, null, alpha),
        effect_unit=f"{detector}: published texts above re-marked ones, mean over texts",
        assumption=ASSUMPTION,
        grade="A",
        strong_effect=strong_difference(adjusted, np.full(len(adjusted), width)),
        detectors=(detector,),
        versions=_versions(remarkings, np.flatnonzero(usable), adjusted),
        left_out=(f"Unscored: {n_unscored:,} texts, {'; '.join(unscored)}",) if n_unscored else (),
        details={
            "detectors": [detector],
            "n_documents": _n_documents(remarkings, usable),
            "n_marked_documents": remarkings.n_marked,
            "n_texts": len(adjusted),
            "n_versions": width - 1,
            "n_blocks": len(draws.names),
            "n_unscored": n_unscored,
            "unscored": unscored,
        },
    )


def _versions(
    remarkings: Remarkings, rows: NDArray[np.int64], table: NDArray[np.float64]
) -> tuple[Versions, ...]:
    """Return what was compared; the published version of each text is the first."""
    return tuple(
        Versions(remarkings.document_ids[i], str(remarkings.blocks[i]), tuple(scores), 0)
        for i, scores in zip(rows.tolist(), table.tolist(), strict=True)
    )


def _scored_table(
    remarkings: Remarkings, scores: Sequence[Score]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return a row of scores for each text, and which rows are complete."""
    width = len(remarkings.texts[0]) if remarkings.texts else 1
    table = values_of(scores).reshape(-1, width)
    usable = np.asarray(np.isfinite(table).all(1))
    if not usable.any():
        reasons = sorted({score.reason for score in scores if score.reason}) or ["no mark"]
        raise PrerequisiteError(f"re-marking test: no text could be scored: {'; '.join(reasons)}")
    return table, usable


def _n_documents(remarkings: Remarkings, usable: NDArray[np.bool_]) -> int:
    return len({remarkings.document_ids[i] for i in np.flatnonzero(usable)})


def _counts(remarkings: Remarkings, usable: NDArray[np.bool_]) -> str:
    return (
        f"{usable.sum():,} texts of {_n_documents(remarkings, usable):,} of "
        f"{remarkings.n_marked:,} marked documents"
    )


def _without_length(
    table: NDArray[np.float64], n_bytes: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the residuals of the scores within each text after regressing them on its lengths.

    All texts share one slope: with a slope per text, a text of two versions would have no residual.
    """
    length = n_bytes - n_bytes.mean(1, keepdims=True)
    score = table - table.mean(1, keepdims=True)
    spread = np.square(length).sum()
    slope = (length * score).sum() / spread if spread else 0.0
    rest: NDArray[np.float64] = score - slope * length
    return rest


def _block_table(table: NDArray[np.float64], blocks: NDArray[np.int64]) -> DrawTable:
    """Sum the texts of each block; a version is then an outcome of the block's draw."""
    kept, number = np.unique(blocks, return_inverse=True)
    n_texts = np.bincount(number)
    value = np.zeros((len(kept), table.shape[1]))
    np.add.at(value, number, table)
    value /= np.sqrt(n_texts)[:, None]
    n_options = np.full(len(kept), table.shape[1], dtype=np.int64)
    return DrawTable(tuple(map(str, kept)), n_options, value, n_texts)


def _null(draws: DrawTable, n_resamples: int, rng: np.random.Generator) -> NDArray[np.float64]:
    if len(draws.names) == 1:
        fresh: NDArray[np.float64] = draws.value[0, 1:]
        return fresh
    return null_statistics(draws, n_resamples, rng)


def _detectable(draws: DrawTable, null: NDArray[np.float64], alpha: float) -> float:
    """Return the effect that is found with 80 % power.

    With one block, the published versions must be among the best: their sum must exceed a certain
    sum of fresh versions even where, without the effect, it would be as low as the lowest fifth.
    """
    if len(draws.names) > 1:
        return response(draws, null.size).detectable(alpha)
    rank = floor(alpha * (null.size + 1) * (1 + 1e-12))
    if not rank or not np.ptp(null):
        return np.inf
    low = np.quantile(null, 1 - POWER)
    return float((np.sort(null)[-rank] - low) / np.sqrt(draws.n_sites[0]))
