"""How much a suspect prefers each candidate at each site; independent of the key."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from membership.traces.candidate_tokens import NOT_A_NUMBER
from membership.traces.trace import CandidateLogprobs, Slot
from watermark.document import Site
from watermark.text.rarity import rarity_bits

CLIP = 3.0
"""Residuals are clipped at this many times their median size."""
OUTLIER = 20.0
"""Preferences are clipped at this many times their median distance from the median."""

ROUNDING = 1e-10
"""Residuals that are no larger than this share of the largest preference are rounding errors."""


@dataclass(frozen=True)
class ScoreTable:
    """Adjusted preferences of the suspect, one row per usable site.

    Sites are grouped by draw. Everything in it can be computed without the key.
    """

    document_ids: tuple[str, ...]
    draws: tuple[str, ...]
    """The draw that decided each site."""
    n_candidates: NDArray[np.int64]
    """Number of candidates of each site, 2 or more."""
    score: NDArray[np.float64]
    """Shape (n_sites, max_candidates): preference minus its mean over the site's candidates, in
    nats after the adjustment; 0 after the last candidate."""
    unusable: Mapping[str, int]
    """Number of sites that could not be scored, by reason."""
    adjustment: Mapping[str, float]
    """Coefficients of the regression; empty without one."""
    starts: tuple[int, ...] = ()
    """Where each site begins in its original text; nothing if the table was not made of texts."""


def slots_of(sites: Iterable[Site]) -> tuple[Slot, ...]:
    """Return the sites of a document as slots; offsets refer to the original text."""
    return tuple(Slot(site.start, site.original, site.candidates) for site in sites)


def build_table(
    sites: Sequence[Site],
    suspect: Sequence[CandidateLogprobs],
    references: Mapping[str, Sequence[CandidateLogprobs]],
    *,
    language: str = "en",
) -> ScoreTable:
    """Return the table of a corpus.

    A site is usable if the suspect and every reference have log-probabilities for it.

    Args:
        sites: All sites of the published documents.
        suspect: The suspect's candidate log-probabilities at each site.
        references: The same for each reference, in the same order of sites.
        language: Language in which the rarity of candidates is looked up.
    """
    usable: list[int] = []
    unusable: Counter[str] = Counter()
    for i, site in enumerate(sites):
        reason = _why_not(site, suspect[i], {name: r[i] for name, r in references.items()})
        if reason:
            unusable[reason] += 1
        else:
            usable.append(i)
    kept = [sites[i] for i in usable]
    preference = _preferences(kept, [suspect[i] for i in usable])
    features = {
        f"reference {name}": _preferences(kept, [r[i] for i in usable])
        for name, r in references.items()
    }
    n_candidates = np.array([len(site.candidates) for site in kept], dtype=np.int64)
    rarity = rarity_differences(kept, preference.shape, language)
    score, adjustment = adjust_preferences(n_candidates, preference, {"rarity": rarity}, features)
    return ScoreTable(
        tuple(site.document_id for site in kept),
        tuple(site.draw for site in kept),
        n_candidates,
        score,
        dict(sorted(unusable.items())),
        adjustment,
        tuple(site.start for site in kept),
    )


def _why_not(
    site: Site, suspect: CandidateLogprobs, references: Mapping[str, CandidateLogprobs]
) -> str:
    if len(site.candidates) < 2:
        return "only one candidate: nothing was drawn"
    if reason := _unreadable(suspect):
        return reason
    for name, reading in references.items():
        if reason := _unreadable(reading):
            return f"reference {name}: {reason}"
    return ""


def _unreadable(reading: CandidateLogprobs) -> str:
    return reading.reason or ("" if np.isfinite(reading.logprob).all() else NOT_A_NUMBER)


def _preferences(
    sites: Sequence[Site], candidate_logprobs: Sequence[CandidateLogprobs]
) -> NDArray[np.float64]:
    """Return log-probabilities minus that of the first candidate; 0 after the last candidate."""
    width = max((len(site.candidates) for site in sites), default=2)
    table = np.zeros((len(sites), width))
    for row, reading in zip(table, candidate_logprobs, strict=True):
        row[: reading.logprob.size] = reading.logprob - reading.logprob[0]
    return table


def adjust_preferences(
    n_candidates: NDArray[np.int64],
    preference: NDArray[np.float64],
    free: Mapping[str, NDArray[np.float64]],
    references: Mapping[str, NDArray[np.float64]],
    *,
    robust: bool = True,
) -> tuple[NDArray[np.float64], dict[str, float]]:
    """Return the residual preferences after regression on references and free covariates.

    Coefficients of references are not negative: subtracting a reference that did see the marked
    text can only hide evidence, never create it. Free covariates do not depend on the key.

    Args:
        n_candidates: Candidates of each site, shape (n_sites,).
        preference: Each candidate's preference less that of the first, shape (n_sites, most
            candidates); what comes after the last candidate is ignored.
        free: Covariates with coefficients of any sign, each of the same shape.
        references: The references' preferences, each of the same shape.
        robust: Clip preferences far out before the regression and residuals after it; for
            log-probabilities. Shares of answers are bounded already.

    Returns:
        The residuals, centred over the candidates of each site and 0 after the last one, and
        the coefficients by name.
    """
    if not len(preference):
        return np.zeros_like(preference), {}
    inside = np.arange(preference.shape[1]) < n_candidates[:, None]
    rival = inside.copy()
    rival[:, 0] = False  # the first candidate is what the others are compared with
    tame = _tamed if robust else _unchanged
    columns = [*(covariate[rival] for covariate in free.values()), np.ones(rival.sum())]
    unsigned = np.stack(columns, axis=1)
    target = tame(preference[rival])
    weights, rest = np.zeros(0), target
    if references:  # scipy's nnls aborts the process when there is no column
        signed = np.stack([tame(feature[rival]) for feature in references.values()], axis=1)
        weights, _ = nnls(_without(unsigned, signed), _without(unsigned, target))
        rest = target - signed @ weights
    residual = np.zeros_like(preference)
    residual[rival] = _without(unsigned, rest)
    if np.abs(residual).max() <= ROUNDING * np.abs(target).max(initial=0.0):
        residual[:] = 0.0
    if robust:
        limit = CLIP * np.median(np.abs(residual[rival]))
        residual = residual.clip(-limit, limit)
    centred = residual - (residual.sum(1) / n_candidates)[:, None]
    coefficients = [*weights, *np.linalg.lstsq(unsigned, rest)[0]]
    names = [*references, *free, "intercept"]
    return np.where(inside, centred, 0.0), dict(zip(names, map(float, coefficients), strict=True))


def clipped_share(score: NDArray[np.float64]) -> float:
    """Return the share of rows that were clipped: what is added to them leaves no trace.

    Only tables of pairs show it; the share is 0 for others and for tables that were not clipped.

    Args:
        score: Scores of the candidates of each row, with mean 0.
    """
    size = np.abs(score[:, 0])
    limit = CLIP * np.median(size)
    if size.max() > limit * (1 + 1e-9):
        return 0.0
    return float((size >= limit * (1 - 1e-9)).mean())


def _unchanged(preferences: NDArray[np.float64]) -> NDArray[np.float64]:
    return preferences


def _tamed(preferences: NDArray[np.float64]) -> NDArray[np.float64]:
    """Clip outliers that would dominate the regression."""
    middle = np.median(preferences)
    limit = OUTLIER * np.median(np.abs(preferences - middle))
    return preferences.clip(middle - limit, middle + limit) if limit else preferences


def _without(columns: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the residuals of values after regressing them on columns."""
    return values - columns @ np.linalg.lstsq(columns, values)[0]


def rarity_differences(
    sites: Sequence[Site], shape: tuple[int, ...], language: str
) -> NDArray[np.float64]:
    """Return how much rarer each candidate is than the first, in bits."""
    table = np.zeros(shape)
    for row, site in zip(table, sites, strict=True):
        bits = [rarity_bits(candidate.split()[-1], language) for candidate in site.candidates]
        row[: len(bits)] = np.array(bits) - bits[0]
    return table
