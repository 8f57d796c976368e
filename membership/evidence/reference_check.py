"""Whether a reference depends on the key itself, which no reference may.

A reference that saw the marked text hides evidence; one that was made to unlearn it makes evidence
against a model that is innocent. Both depend on the key, and the re-draw test of the reference's
own preferences shows that, in either direction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from membership.evidence.redraw import (
    WRONG_WAY,
    choices_of,
    draw_table,
    null_statistics,
    statistic,
)
from membership.evidence.result import TestResult, monte_carlo_pvalue
from membership.evidence.score_table import ScoreTable
from watermark.keys import Coins

LEVEL = 0.001
"""Level of the check of each reference, for both directions together."""


def reference_pvalues(
    tables: Mapping[str, ScoreTable],
    keys: Sequence[Coins],
    *,
    n_resamples: int = 9_999,
    seed: int = 0,
) -> dict[str, float | None]:
    """Return for each reference the p-value of "it depends on none of the keys".

    The statistic is the largest |T| of all keys, compared with the largest of as many fresh ones.
    So it sees both directions, and the level holds for all keys together.

    Args:
        tables: The preferences of each reference, made as if it was the suspect.
        keys: The key of the corpus, or those of all editions.
        n_resamples: Number of fresh sets of keys.
        seed: Seed for them.

    Returns:
        None for a reference whose preferences are known at no site.
    """
    found: dict[str, float | None] = {}
    for name, table in tables.items():
        draws = draw_table(table)
        if not draws.names:
            found[name] = None
            continue
        observed = max(abs(statistic(draws, choices_of(key, draws))) for key in keys)
        rng = np.random.default_rng([seed, 2])
        null = np.abs(null_statistics(draws, n_resamples * len(keys), rng))
        found[name] = monte_carlo_pvalue(observed, null.reshape(n_resamples, -1).max(1))
    return found


def reference_cautions(pvalues: Mapping[str, float | None]) -> tuple[str, ...]:
    """Return a sentence for each reference that depends on the key."""
    return tuple(
        f"Reference {name} depends on the key itself (p = {pvalue:.2g}, both directions), so it is "
        "no reference: one that learned the marked text hides evidence, one that was made to "
        "unlearn it makes evidence. Leave it out"
        for name, pvalue in pvalues.items()
        if pvalue is not None and pvalue <= LEVEL
    )


def unchecked_references(pvalues: Mapping[str, float | None]) -> tuple[str, ...]:
    """Return a sentence about the references whose preferences are known at no site."""
    names = [name for name, pvalue in pvalues.items() if pvalue is None]
    if not names:
        return ()
    return (f"Not tested for dependence on the key: reference {', '.join(names)} (no usable site)",)


def with_reference_check(result: TestResult, pvalues: Mapping[str, float | None]) -> TestResult:
    """Return a result that says which of its references depend on the key."""
    cautions, own = reference_cautions(pvalues), result.cautions
    if cautions:  # a bad reference can make an honest suspect seem to prefer the unpublished words
        own = tuple(caution for caution in own if not caution.startswith(WRONG_WAY))
    return replace(
        result,
        cautions=(*own, *cautions),
        left_out=(*result.left_out, *unchecked_references(pvalues)),
        details={**result.details, **({"reference_pvalues": dict(pvalues)} if pvalues else {})},
    )
