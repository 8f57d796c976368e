"""Which licensee's edition was the suspect trained on?

Every edition has coins of its own at the same sites. A suspect that was trained on one edition
depends on the coins of that edition and of no other, so the re-draw test of each other edition is
exact, also if the suspect is a mixture or a vote of editions. Licensees are named by closed
testing: after Holm's correction, and only if the suspect depends on some edition at all. So the
chance that a model is wrongly said to depend on some edition, or an innocent licensee is named, is
at most alpha for both together.

Source: R. Marcus, E. Peritz and K. R. Gabriel, "On closed testing procedures with special reference
to ordered analysis of variance", Biometrika 1976.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from membership.evidence.redraw import (
    DrawTable,
    choices_of,
    draw_table,
    null_statistics,
    standard_deviation,
    statistic,
)
from membership.evidence.result import monte_carlo_pvalue
from membership.evidence.score_table import ScoreTable
from watermark.errors import PrerequisiteError
from watermark.keys import Coins

MOST_STATISTICS = 20_000_000
"""Statistics under fresh keys held in memory."""


@dataclass(frozen=True)
class EditionEvidence:
    """The re-draw test of one edition."""

    licensee: str
    zscore: float
    pvalue: float
    adjusted: float
    """p after Holm's correction for the number of licensees; at least the p of some edition."""


@dataclass(frozen=True)
class AlikePair:
    """Two editions that too few draws tell apart."""

    licensee: str
    """A licensee with evidence."""
    other: str
    n_different: int
    """At how many of the usable draws the two editions differ."""


@dataclass(frozen=True)
class EditionsResult:
    """The tests of all editions of a corpus."""

    editions: tuple[EditionEvidence, ...]
    """In the order of the list of licensees."""
    some_pvalue: float
    """p-value of the hypothesis that the suspect depends on no edition."""
    alpha: float
    n_resamples: int
    """Fresh keys with which each edition was compared."""
    n_groups: int
    """Groups of fresh keys, one key a licensee, with which all editions were compared."""
    n_sites: int
    n_draws: int
    alike: tuple[AlikePair, ...]

    @property
    def named(self) -> tuple[EditionEvidence, ...]:
        """The editions with evidence, the strongest first."""
        found = [each for each in self.editions if each.adjusted <= self.alpha]
        return tuple(sorted(found, key=lambda each: -each.zscore))

    @property
    def words(self) -> str:
        """The verdict without names."""
        if self.named:
            return "licensees named"
        return "some edition, undecided which" if self.some_pvalue <= self.alpha else "no evidence"


def editions_test(
    table: ScoreTable,
    keys: Mapping[str, Coins],
    *,
    alpha: float,
    n_resamples: int = 99_999,
    seed: int = 0,
) -> EditionsResult:
    """Test every edition, and whether the suspect depends on some edition.

    Args:
        table: The adjusted preferences of the suspect; the same for all editions.
        keys: The key of each licensee's edition.
        alpha: Level after the correction for the number of licensees.
        n_resamples: Fewest fresh keys; more are drawn where the correction needs them.
        seed: Seed for the fresh keys.

    Raises:
        PrerequisiteError: There is no usable site, or there are too many licensees for the level.
    """
    draws = draw_table(table)
    if not draws.names:
        raise PrerequisiteError("editions: no usable site")
    n = len(keys)
    n_groups = max(ceil(n_resamples / n), ceil(5 / alpha))
    if n_groups * n > MOST_STATISTICS:
        raise PrerequisiteError(
            f"editions: {n:,} licensees at level {alpha:g} need {n_groups * n:,} re-draws; at most "
            f"{MOST_STATISTICS:,} fit into memory: choose a larger --alpha"
        )
    null = null_statistics(draws, n_groups * n, np.random.default_rng(seed))
    choices = {name: choices_of(key, draws) for name, key in keys.items()}
    observed = np.array([statistic(draws, chosen) for chosen in choices.values()])
    pvalues = np.array([monte_carlo_pvalue(value, null) for value in observed])
    some = some_edition_pvalue(observed, null.reshape(n_groups, n))
    adjusted = np.maximum(holm(pvalues), some)
    zscores = observed / (standard_deviation(draws) or 1.0)
    editions = tuple(
        EditionEvidence(name, *map(float, numbers))
        for name, *numbers in zip(keys, zscores, pvalues, adjusted, strict=True)
    )
    named = [each.licensee for each in editions if each.adjusted <= alpha]
    return EditionsResult(
        editions=editions,
        some_pvalue=some,
        alpha=alpha,
        n_resamples=null.size,
        n_groups=n_groups,
        n_sites=len(table.draws),
        n_draws=len(draws.names),
        alike=alike_pairs(draws, choices, named, alpha),
    )


def holm(pvalues: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return Holm's adjusted p-values.

    Source: S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian
    Journal of Statistics 1979.
    """
    order = np.argsort(pvalues, kind="stable")
    factors = np.arange(len(pvalues), 0, -1)
    adjusted = np.empty_like(pvalues)
    adjusted[order] = np.maximum.accumulate(np.minimum(1.0, factors * pvalues[order]))
    return adjusted


def some_edition_pvalue(observed: NDArray[np.float64], null: NDArray[np.float64]) -> float:
    """Return the p-value of the hypothesis that the suspect depends on no edition.

    The groups of statistics are exchangeable. Each is ranked by its largest member, which one leak
    raises, and by its sum, which a vote of many raises; the better of the two ranks is the
    statistic, and its own rank is an exact p-value.

    Args:
        observed: The statistic of each edition, shape (n_licensees,).
        null: Statistics under fresh keys, shape (n_groups, n_licensees).
    """
    groups = np.concatenate([observed[None], null])
    groups = np.round(groups / (groups.std() or 1.0), 9)  # the same coins give the same statistic
    best = np.minimum(_share_as_large(groups.max(1)), _share_as_large(groups.sum(1).round(7)))
    return float(np.mean(best <= best[0]))


def _share_as_large(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return for each value the share of values that are at least as large."""
    ordered = np.sort(values)
    return 1 - np.searchsorted(ordered, values, side="left") / len(values)


def alike_pairs(
    draws: DrawTable, choices: Mapping[str, NDArray[np.int64]], named: list[str], alpha: float
) -> tuple[AlikePair, ...]:
    """Return pairs of editions, one of them named, whose differing draws could not give p <= alpha.

    Args:
        draws: The usable draws.
        choices: The outcome of every draw in each edition.
        named: The editions with evidence.
        alpha: Level of the test.
    """
    found: list[AlikePair] = []
    for name in named:
        for other, theirs in choices.items():
            twice = other in named and named.index(other) <= named.index(name)
            differs = choices[name] != theirs
            if other != name and not twice and _least_pvalue(draws, differs) > alpha:
                found.append(AlikePair(name, other, int(differs.sum())))
    return tuple(found)


def _least_pvalue(draws: DrawTable, some: NDArray[np.bool_]) -> float:
    return float(np.exp(-np.log(draws.n_options[some]).sum()))
