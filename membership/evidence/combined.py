"""One p-value from two independent randomisations of the owner: the coins and the hold-out.

The key decides which words are published, and, by digests that share nothing with those, which
documents are withheld. The hold-out test here scores *original* texts, so its p-value does not
change with the coins. Given who is withheld, the re-draw p-value is valid whatever that choice was;
so both p-values are valid at once and Fisher's combination of them is too.
"""

import numpy as np
from scipy.stats import chi2

from membership.evidence.redraw import absorbed, draw_table, response
from membership.evidence.result import TestResult
from membership.evidence.score_table import ScoreTable


def fisher_pvalue(first: float, second: float) -> float:
    """Return Fisher's combination of two independent p-values, in (0, 1].

    Monte Carlo p-values take few values and are never too small, which makes the combination
    conservative.

    Source: R. A. Fisher, "Statistical Methods for Research Workers", 1932, section 21.1.

    Raises:
        ValueError: One of them is not in (0, 1].
    """
    for pvalue in (first, second):
        if not 0 < pvalue <= 1:
            raise ValueError(f"a p-value lies in (0, 1], got {pvalue}")
    return float(chi2.sf(-2 * (np.log(first) + np.log(second)), df=4))


def product_for(alpha: float) -> float:
    """Return the product of two p-values at which their combination has a p-value of alpha."""
    return float(np.exp(-chi2.isf(alpha, df=4) / 2))


def combined_test(
    coins: TestResult, holdout: TestResult, table: ScoreTable, *, alpha: float
) -> TestResult:
    """Combine the two tests into one.

    The detectable effect is that of the words alone, with a hold-out p-value that says nothing:
    how much training raises the scores of whole documents is not known.

    Args:
        coins: The re-draw test of the published documents.
        holdout: The hold-out test of scores of *original* texts.
        table: The table of the re-draw test.
        alpha: Level of the test.
    """
    known = response(draw_table(table), coins.n_resamples, absorbed(table))
    return TestResult(
        test="combined",
        title="re-draw and hold-out test, combined by Fisher's method",
        basis=(
            f"{coins.basis} (p = {coins.pvalue:.2g}). {holdout.basis}, original texts "
            f"(p = {holdout.pvalue:.2g})"
        ),
        n_units=coins.n_units,
        statistic=float(-2 * (np.log(coins.pvalue) + np.log(holdout.pvalue))),
        pvalue=fisher_pvalue(coins.pvalue, holdout.pvalue),
        n_resamples=coins.n_resamples,
        null=np.zeros(0),
        seed=coins.seed,
        effect=coins.effect,
        detectable_effect=known.detectable_combined(product_for(alpha)),
        effect_unit=coins.effect_unit,
        assumption=f"{coins.assumption}; and {holdout.assumption}",
        grade="A",
        strong_effect=coins.strong_effect,
        groups=holdout.groups,
        detectors=holdout.detectors,
        cautions=coins.cautions,
        left_out=(*coins.left_out, *holdout.left_out),
        details={
            "detectors": list(holdout.detectors),
            "redraw_pvalue": coins.pvalue,
            "holdout_pvalue": holdout.pvalue,
            **coins.details,
            **{name: holdout.details[name] for name in ("n_published", "n_withheld")},
        },
    )
