"""The hold-out test: whether the suspect knows published documents better than withheld ones.

Which documents were withheld was decided by the key, uniformly at random. If the suspect never
saw the published ones, the labels are exchangeable, and permuting them gives an exact p-value for
any detector.
"""

from collections.abc import Sequence

from membership.evidence.permutation import Scores, compare
from membership.evidence.power import STRONG_AUROC
from membership.evidence.result import TestResult
from watermark.errors import PrerequisiteError

ASSUMPTION = (
    "the withheld documents were chosen at random by the key and reached nobody; "
    "the suspect was made without knowledge of the key"
)


def holdout_test(
    published: Scores,
    withheld: Scores,
    *,
    detectors: Sequence[str],
    alpha: float,
    n_resamples: int = 99_999,
    seed: int = 0,
) -> TestResult:
    """Permute the labels; the statistic is the AUROC, or its maximum over several detectors.

    With several detectors the same permutations serve all of them and the largest AUROC is
    compared with the largest of each permutation, which keeps the level for the family.

    Args:
        published: Scores of the published documents by detector; a higher score means
            more likely trained on. A document that a detector could not score is NaN.
        withheld: The same for the withheld documents.
        detectors: Which detectors to use.
        alpha: Level of the minimum detectable effect.
        n_resamples: Number of permutations.
        seed: Seed for the permutations.

    Raises:
        PrerequisiteError: A group has fewer than two documents that every detector scored.
    """
    try:
        found = compare(
            published,
            withheld,
            detectors,
            groups=("published", "withheld"),
            n_resamples=n_resamples,
            seed=seed,
        )
    except PrerequisiteError as error:
        raise PrerequisiteError(f"hold-out test: {error}") from error
    return TestResult(
        test="holdout",
        title="hold-out test",
        basis=(
            f"Based on {found.n_inside:,} published and {found.n_outside:,} withheld documents, "
            f"{', '.join(detectors)}"
        ),
        n_units=found.n_inside + found.n_outside,
        statistic=found.statistic,
        pvalue=found.pvalue,
        n_resamples=n_resamples,
        null=found.null,
        seed=seed,
        effect=found.statistic,
        detectable_effect=found.detectable(alpha),
        effect_unit="AUROC of published against withheld documents",
        assumption=ASSUMPTION,
        grade="A",
        strong_effect=STRONG_AUROC,
        groups=(published[detectors[0]], withheld[detectors[0]]) if len(detectors) == 1 else None,
        detectors=tuple(detectors),
        details={
            "detectors": list(detectors),
            "n_published": found.n_inside,
            "n_withheld": found.n_outside,
            "n_unscored": found.n_unscored,
        },
    )
