"""The twin test: whether the suspect knows the published versions better than alternative ones.

Every published document has alternative versions that another key could have published. If the
suspect does not depend on the key, the published version is a uniform draw for each document, and
permuting the versions gives an exact p-value, for any detector. With two versions that is the
sign-flip test.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from membership.evidence.power import strong_difference
from membership.evidence.redraw import (
    DrawTable,
    chernoff_bound,
    least_pvalue,
    null_statistics,
    response,
    statistic,
    statistic_per_unit,
)
from membership.evidence.result import TestResult, Versions, monte_carlo_pvalue
from membership.evidence.score_table import CLIP, clipped_share
from watermark.errors import PrerequisiteError

ASSUMPTION = (
    "the key was drawn at random, for this corpus alone, and not chosen among several; an innocent "
    "suspect was made without knowledge of it or of anything that was published with it; the "
    "versions that were not published reached nobody"
)


def twin_test(
    names: Sequence[str],
    scores: Sequence[NDArray[np.float64]],
    published: Sequence[int],
    *,
    detector: str,
    alpha: float,
    n_resamples: int = 99_999,
    seed: int = 0,
) -> TestResult:
    """Permute the versions within each document; the statistic is a sum of score differences.

    Scores are centred within the document and clipped at three times their median size; neither
    step uses which version was published.

    Args:
        names: Names of the documents, all distinct.
        scores: Scores of the versions of each document; a higher score means more likely trained
            on. A document with a version that could not be scored (NaN) is left out.
        published: Index of the published version of each document.
        detector: Name of the detector that made the scores.
        alpha: Level of the minimum detectable effect.
        n_resamples: Number of permutations.
        seed: Seed for the permutations.

    Raises:
        PrerequisiteError: There are too few documents for any p-value as small as alpha.
    """
    kept = [i for i, values in enumerate(scores) if np.isfinite(values).all() and np.ptp(values)]
    draws = _table([names[i] for i in kept], [scores[i] for i in kept])
    floor = max(1 / (n_resamples + 1), least_pvalue(draws))
    if floor > alpha:
        raise PrerequisiteError(
            f"twin test: {len(kept)} documents have versions with different scores; "
            f"no p below {floor:.2g} is possible"
        )
    outcomes = np.array([published[i] for i in kept], dtype=np.int64)
    observed = statistic(draws, outcomes)
    null = null_statistics(draws, n_resamples, np.random.default_rng(seed))
    known = response(draws, n_resamples, clipped_share(draws.value))
    n_twins = int(draws.n_options.sum())
    return TestResult(
        test="twin",
        title="twin test",
        basis=f"Based on {n_twins:,} versions of {len(kept):,} published documents, {detector}",
        n_units=len(kept),
        statistic=observed,
        pvalue=monte_carlo_pvalue(observed, null),
        n_resamples=n_resamples,
        null=null,
        seed=seed,
        effect=observed / statistic_per_unit(draws),
        detectable_effect=known.detectable(alpha),
        effect_unit=f"{detector} of the published version less that of the others, mean",
        assumption=ASSUMPTION,
        grade="A",
        strong_effect=strong_difference(draws.value, draws.n_options),
        bound=chernoff_bound(draws, observed),
        detectors=(detector,),
        versions=_versions(draws, outcomes.tolist()),
        details={
            "detectors": [detector],
            "n_documents": len(kept),
            "n_twins": n_twins,
            "n_left_out": len(scores) - len(kept),
        },
    )


def _versions(draws: DrawTable, published: Sequence[int]) -> tuple[Versions, ...]:
    return tuple(
        Versions(name, name, tuple(values[:n].tolist()), outcome)
        for name, n, values, outcome in zip(
            draws.names, draws.n_options, draws.value, published, strict=True
        )
    )


def _table(names: Sequence[str], scores: Sequence[NDArray[np.float64]]) -> DrawTable:
    """Represent the documents as draws whose outcomes are their versions."""
    centred = [values - values.mean() for values in scores]
    if centred:
        limit = CLIP * np.median(np.abs(np.concatenate(centred)))
        centred = [values.clip(-limit, limit) for values in centred]
    n_options = np.array([len(values) for values in centred], dtype=np.int64)
    value = np.zeros((len(centred), max(n_options, default=2)))
    for row, values in zip(value, centred, strict=True):
        row[: len(values)] = values - values.mean()
    return DrawTable(tuple(names), n_options, value, np.ones(len(centred), dtype=np.int64))
