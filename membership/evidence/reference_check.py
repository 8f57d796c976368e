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
from membership.evidence.score_table import build_table
from membership.traces.trace import CandidateLogprobs
from watermark.document import Site
from watermark.keys import Key

LEVEL = 0.001
"""Level of the check of each reference, for both directions together."""


def reference_pvalues(
    sites: Sequence[Site],
    references: Mapping[str, Sequence[CandidateLogprobs]],
    key: Key,
    *,
    language: str = "en",
    n_resamples: int = 9_999,
    seed: int = 0,
) -> dict[str, float]:
    """Return for each reference the two-sided p-value of its own preferences."""
    found = {}
    for name, readings in references.items():
        draws = draw_table(build_table(sites, readings, {}, language=language))
        if not draws.names:
            continue
        observed = statistic(draws, choices_of(key, draws))
        null = null_statistics(draws, n_resamples, np.random.default_rng([seed, 2]))
        up, down = monte_carlo_pvalue(observed, null), monte_carlo_pvalue(-observed, -null)
        found[name] = min(1.0, 2 * min(up, down))
    return found


def with_reference_check(result: TestResult, pvalues: Mapping[str, float]) -> TestResult:
    """Return a result that says which of its references depend on the key."""
    cautions = tuple(
        f"Reference {name} depends on the key itself (p = {pvalue:.2g}, both directions), so it is "
        "no reference: one that learned the marked text hides evidence, one that was made to "
        "unlearn it makes evidence. Leave it out"
        for name, pvalue in pvalues.items()
        if pvalue <= LEVEL
    )
    own = result.cautions
    if cautions:  # a bad reference can make an honest suspect seem to prefer the unpublished words
        own = tuple(caution for caution in own if not caution.startswith(WRONG_WAY))
    details = {**result.details, **({"reference_pvalues": dict(pvalues)} if pvalues else {})}
    return replace(result, cautions=(*own, *cautions), details=details)
