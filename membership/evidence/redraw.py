"""The re-draw test: whether our coins fit the suspect better than fresh ones.

The words that were not published are the control group. If the suspect does not depend on the
key, the true key is exchangeable with fresh ones, and the rank of its statistic among theirs is an
exact p-value: for any model, any text and any score.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from membership.evidence.power import Response
from membership.evidence.result import BLOCK_CELLS, TestResult, monte_carlo_pvalue
from membership.evidence.score_table import ScoreTable, clipped_share
from watermark.errors import PrerequisiteError
from watermark.keys import Coins

ASSUMPTION = (
    "the key was drawn at random, for this corpus alone, and not chosen among several; an innocent "
    "suspect (weights and tokenizer) was made without knowledge of it or of anything that was "
    "published with it"
)


WRONG_WAY = "The suspect prefers the words that were NOT published"
"""How a caution begins."""
STRONG_EFFECT = {"nats": 1.0, "share of answers": 0.25}
"""By unit, an effect that repeated training leaves; one epoch left 0.3 to 0.5 nats
(reports/proof)."""


@dataclass(frozen=True)
class DrawTable:
    """The contribution of each outcome of each draw to the statistic.

    A draw's sites are summed and divided by the square root of their number, so that the thirtieth
    copy of a word counts less than the first.
    """

    names: tuple[str, ...]
    n_options: NDArray[np.int64]
    """Number of candidates of each draw, shape (n_draws,)."""
    value: NDArray[np.float64]
    """Shape (n_draws, max_options); the mean over a draw's options is 0."""
    n_sites: NDArray[np.int64]
    """Number of usable sites of each draw, shape (n_draws,)."""


def draw_table(table: ScoreTable) -> DrawTable:
    """Sum the sites of each draw.

    Raises:
        ValueError: Sites of one draw differ in their number of candidates.
    """
    names = tuple(dict.fromkeys(table.draws))
    number = {name: i for i, name in enumerate(names)}
    draw = np.array([number[name] for name in table.draws], dtype=np.int64)
    n_options = np.zeros(len(names), dtype=np.int64)
    n_options[draw] = table.n_candidates
    if (n_options[draw] != table.n_candidates).any():
        raise ValueError("sites of one draw must have the same number of candidates")
    n_sites = np.bincount(draw, minlength=len(names))
    value = np.zeros((len(names), table.score.shape[1]))
    np.add.at(value, draw, table.score)
    return DrawTable(names, n_options, value / np.sqrt(n_sites)[:, None], n_sites)


def choices_of(key: Coins, table: DrawTable) -> NDArray[np.int64]:
    """Return the outcome of every draw under a key."""
    pairs = zip(table.names, table.n_options.tolist(), strict=True)
    return np.array([key.draw(name, n) for name, n in pairs], dtype=np.int64)


def statistic(table: DrawTable, choices: NDArray[np.int64]) -> float:
    """Return T: how far the suspect prefers the chosen words to the mean candidate."""
    return float(table.value[np.arange(len(choices)), choices].sum())


def null_statistics(
    table: DrawTable, n_resamples: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return T for fresh keys, shape (n_resamples,).

    The draws of a fresh key are independent and uniform, so they are sampled directly.
    """
    null = np.zeros(n_resamples)
    for n in np.unique(table.n_options):
        value = table.value[table.n_options == n, :n]
        block = max(1, BLOCK_CELLS // len(value))
        for start in range(0, n_resamples, block):
            size = min(block, n_resamples - start)
            null[start : start + size] += _random_sums(value, size, rng)
    return null


def _random_sums(
    value: NDArray[np.float64], size: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return sums of one random option per draw; all draws have the same number of options."""
    n_draws, n = value.shape
    if n == 2:  # one bit per draw: value[:, 1] - value[:, 0] is added or not
        packed = rng.integers(0, 256, (size, -(-n_draws // 8)), dtype=np.uint8)
        bits = np.unpackbits(packed, axis=1, count=n_draws)
        gain: NDArray[np.float64] = bits.astype(np.float64) @ (value[:, 1] - value[:, 0])
        gain += value[:, 0].sum()
        return gain
    options = rng.integers(0, n, (size, n_draws))
    sums: NDArray[np.float64] = value[np.arange(n_draws), options].sum(1)
    return sums


def chernoff_bound(table: DrawTable, observed: float) -> float:
    """Return an upper bound on the exact p-value: inf over t > 0 of E exp(t (T - observed)).

    Draws are independent and each has finitely many outcomes, so the moment generating function
    of T is known. The bound holds for any `observed`; it is useful if p is far below the Monte
    Carlo floor.
    """
    if observed <= 0:
        return 1.0
    inside = np.arange(table.value.shape[1]) < table.n_options[:, None]

    def log_bound(log_t: float) -> float:
        exponents = np.where(inside, np.exp(log_t) * table.value, -np.inf)
        top = exponents.max(1)
        logmean = top + np.log(np.exp(exponents - top[:, None]).sum(1) / table.n_options)
        return float(logmean.sum() - np.exp(log_t) * observed)

    scale = np.log(observed / np.square(table.value[inside]).sum())
    found = minimize_scalar(log_bound, bounds=(scale - 5, scale + 8), method="bounded")
    return max(float(np.exp(min(found.fun, 0.0))), sys.float_info.min)


def redraw_test(
    table: ScoreTable,
    key: Coins,
    *,
    alpha: float,
    n_resamples: int = 99_999,
    seed: int = 0,
    unit: str = "nats",
) -> TestResult:
    """Test whether the suspect depends on the key.

    Args:
        table: The adjusted preferences of the suspect; made without the key.
        key: The key that the corpus was marked with.
        alpha: Level of the minimum detectable effect.
        n_resamples: Number of fresh keys that T is compared with.
        seed: Seed for the fresh keys.
        unit: Unit of the table's preferences, for the report.

    Raises:
        PrerequisiteError: There is no usable site.
    """
    draws = draw_table(table)
    if not draws.names:
        raise PrerequisiteError(
            "re-draw test: no usable site: "
            + (_list(table.unusable) or "no word has alternatives in place")
        )
    observed = statistic(draws, choices_of(key, draws))
    null = null_statistics(draws, n_resamples, np.random.default_rng(seed))
    per_nat = statistic_per_unit(draws)
    pvalue = monte_carlo_pvalue(observed, null)
    n_sites, n_documents = len(table.draws), len(set(table.document_ids))
    return TestResult(
        test="redraw",
        title="re-draw test",
        basis=(
            f"Based on {n_sites:,} sites in {n_documents:,} published documents, decided by "
            f"{len(draws.names):,} independent draws"
        ),
        n_units=n_sites,
        statistic=observed,
        pvalue=pvalue,
        n_resamples=n_resamples,
        null=null,
        seed=seed,
        effect=observed / per_nat,
        detectable_effect=response(draws, n_resamples, absorbed(table)).detectable(alpha),
        effect_unit=f"{unit} by which the suspect prefers a published word, mean over sites",
        assumption=ASSUMPTION,
        grade="A",
        strong_effect=STRONG_EFFECT[unit],
        bound=chernoff_bound(draws, observed),
        cautions=_cautions(draws, table.adjustment, monte_carlo_pvalue(-observed, -null), alpha),
        left_out=tuple(f"Unusable: {n:,} sites, {why}" for why, n in table.unusable.items()),
        details={
            "n_documents": n_documents,
            "n_sites": n_sites,
            "n_draws": len(draws.names),
            "unusable": dict(table.unusable),
            "adjustment": dict(table.adjustment),
        },
    )


def _cautions(
    draws: DrawTable, adjustment: Mapping[str, float], mirrored: float, alpha: float
) -> tuple[str, ...]:
    """Return what an honest suspect would hardly show.

    Args:
        draws: The table of draws.
        adjustment: Coefficients of the table's regression.
        mirrored: p-value in the other direction.
        alpha: Level of the test.
    """
    if not draws.value.any():
        if any(abs(coefficient) > 1e-9 for coefficient in adjustment.values()):
            return ("The adjustment explains the suspect's preferences entirely, so none is left",)
        return ("The suspect prefers no word to any other, as no language model does",)
    if mirrored <= alpha:
        return (
            f"{WRONG_WAY} (p = {mirrored:.2g} in that direction), as a model does that was made to "
            "unlearn the text, or that recognises the questions and answers them the wrong way "
            "round; a reference that learned the text has the same effect",
        )
    return ()


def least_pvalue(draws: DrawTable) -> float:
    """Return the smallest exact p-value of these draws, the probability of one set of outcomes."""
    return float(np.exp(-np.log(draws.n_options).sum()))


def absorbed(table: ScoreTable) -> float:
    """Return the share of an effect that regression and clipping take out of a table.

    A regression with k coefficients on n rows takes a share k / n of each row, marks included.
    """
    rows = int((table.n_candidates - 1).sum())
    fitted = min(1.0, len(table.adjustment) / rows)
    return 1.0 - (1.0 - fitted) * (1.0 - clipped_share(table.score))


def response(draws: DrawTable, n_resamples: int, share_absorbed: float = 0.0) -> Response:
    """Return how T answers to an effect.

    Args:
        draws: The table of draws.
        n_resamples: Number of fresh keys that T is compared with.
        share_absorbed: Share of an effect that was taken out of the table.
    """
    chance = 1.0 / draws.n_options
    noise = standard_deviation(draws) ** 2
    third = float(((draws.value**3).sum(1) * chance).sum())
    return Response(
        gain=statistic_per_unit(draws),
        widening=float((draws.n_sites * chance * (1.0 - chance)).sum()),
        noise=noise,
        least=least_pvalue(draws),
        n_resamples=n_resamples,
        absorbed=share_absorbed,
        skewness=third / noise**1.5 if noise else 0.0,
    )


def standard_deviation(draws: DrawTable) -> float:
    """Return the standard deviation of T under fresh keys."""
    return float(np.sqrt((np.square(draws.value).sum(1) / draws.n_options).sum()))


def statistic_per_unit(draws: DrawTable) -> float:
    """Return how much T grows if every published option gains one unit over its alternatives.

    The unit is that of the table: 1 nat, or a share of 1.
    """
    gain = 1.0 - 1.0 / draws.n_options
    return float((gain * np.sqrt(draws.n_sites)).sum())


def _list(reasons: Mapping[str, int]) -> str:
    return "; ".join(f"{n} sites: {reason}" for reason, n in reasons.items())


def simulate_null(
    table: ScoreTable, keys: Sequence[Coins], *, n_resamples: int = 9_999, seed: int = 0
) -> NDArray[np.float64]:
    """Return the p-values that other keys would have had, shape (n_keys,).

    They are uniform on {1, ..., n_resamples + 1} / (n_resamples + 1) for any suspect that does not
    depend on these keys.
    """
    draws = draw_table(table)
    null = null_statistics(draws, n_resamples, np.random.default_rng(seed))
    values = (statistic(draws, choices_of(key, draws)) for key in keys)
    return np.array([monte_carlo_pvalue(value, null) for value in values])
