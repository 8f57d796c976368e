"""The control test: whether the suspect knows our documents better than a control group.

The control group was not drawn at random, so p rests on an assumption (grade B): apart from
training, both groups come from the same distribution. The testable part of it is tested first: if a
classifier that never sees the model tells the two sets apart, no p-value is given.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from membership.evidence.blind import BlindBaseline
from membership.evidence.permutation import Comparison, Scores, compare
from membership.evidence.power import STRONG_AUROC
from membership.evidence.result import TestResult
from watermark.errors import PrerequisiteError

ASSUMPTION = (
    "the documents in question and the control documents are draws of one kind of text, and the "
    "control documents were not trained on; a classifier of words and lengths found no difference"
)
BLIND_LEVEL = 0.05
"""If the p-value of the blind baseline is at most this, the sets count as different."""
GROUPS = ("in question", "of the control")


def refuse_different(blind: BlindBaseline) -> None:
    """Refuse two sets of texts that can be told apart without the model.

    Raises:
        PrerequisiteError: The blind baseline separates them.
    """
    if blind.pvalue <= BLIND_LEVEL:
        raise PrerequisiteError(
            "no p-value: words and lengths alone tell the documents in question from the control "
            f"documents (AUROC {blind.auroc:.3f}, p = {blind.pvalue:.2g}), so a difference in "
            "scores is no sign of training; find control documents of the same kind and time"
        )


def control_test(
    questioned: Scores,
    control: Scores,
    blind: BlindBaseline,
    *,
    detectors: Sequence[str],
    alpha: float,
    n_resamples: int = 99_999,
    seed: int = 0,
) -> TestResult:
    """Permute the labels; the statistic is the AUROC, or its maximum over several detectors.

    Args:
        questioned: Scores of the documents in question by detector; NaN if unscored.
        control: The same for documents known not to be trained on.
        blind: The blind baseline of the two sets of texts.
        detectors: Which detectors to use, named before the scores were seen.
        alpha: Level of the minimum detectable effect.
        n_resamples: Number of permutations.
        seed: Seed of the permutations.

    Raises:
        PrerequisiteError: The texts differ without the model, or a group has fewer than two
            documents that every detector scored.
    """
    refuse_different(blind)
    found = compare(
        questioned, control, detectors, groups=GROUPS, n_resamples=n_resamples, seed=seed
    )
    return control_result("control", found, alpha, seed, blind, detectors)


def control_result(
    test: str,
    found: Comparison,
    alpha: float,
    seed: int,
    blind: BlindBaseline,
    detectors: Sequence[str],
    details: Mapping[str, object] = MappingProxyType({}),
) -> TestResult:
    """Convert a comparison with a control group to a test result."""
    return TestResult(
        test=test,
        title=f"{test} test",
        basis=(
            f"Based on {found.n_inside:,} documents in question and {found.n_outside:,} control "
            f"documents, {', '.join(detectors)}"
        ),
        n_units=found.n_inside + found.n_outside,
        statistic=found.statistic,
        pvalue=found.pvalue,
        n_resamples=len(found.null),
        null=found.null,
        seed=seed,
        effect=found.statistic,
        detectable_effect=found.detectable(alpha),
        effect_unit="AUROC of documents in question against control documents",
        assumption=ASSUMPTION,
        grade="B",
        strong_effect=STRONG_AUROC,
        detectors=tuple(detectors),
        details={
            "detectors": list(detectors),
            **details,
            "n_questioned": found.n_inside,
            "n_control": found.n_outside,
            "n_unscored": found.n_unscored,
            "aurocs": found.aurocs,
            "adjusted_pvalues": found.adjusted,
            "blind_auroc": blind.auroc,
            "blind_pvalue": blind.pvalue,
        },
    )
