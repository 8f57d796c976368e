"""How much a suspect prefers each candidate at each site: a table that does not know the key."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from membership.trace import Place, Reading
from watermark.document import Site
from watermark.rarity import rarity_bits

CLIP = 3.0
"""Residuals are clipped at this many times their median size."""


@dataclass(frozen=True)
class ScoreTable:
    """Preferences of the suspect, adjusted; one row a usable site.

    Sites are grouped by draw. Everything in it can be computed without the key.
    """

    document_ids: tuple[str, ...]
    draws: tuple[str, ...]
    """For each site the draw that decided it."""
    n_candidates: NDArray[np.int64]
    """For each site, 2 or more."""
    score: NDArray[np.float64]
    """Shape (n_sites, most candidates): preference minus its mean over the site's candidates, in
    nats after the adjustment; 0 behind the last candidate."""
    unusable: Mapping[str, int]
    """How many sites could not be scored, by reason."""
    adjustment: Mapping[str, float]
    """Coefficients of the regression; empty without one."""


def places_of(sites: Iterable[Site]) -> tuple[Place, ...]:
    """Return the sites of a document as places to read; offsets are those of the original text."""
    return tuple(Place(site.start, site.original, site.candidates) for site in sites)


def build_table(
    sites: Sequence[Site],
    suspect: Sequence[Reading],
    references: Mapping[str, Sequence[Reading]],
) -> ScoreTable:
    """Return the table of a corpus.

    A site is usable if the suspect and every reference can read it.

    Args:
        sites: All sites of the published documents.
        suspect: The suspect's reading of each.
        references: For each reference its reading of each site, in the same order.
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
    score, adjustment = _adjust(kept, preference, features)
    return ScoreTable(
        tuple(site.document_id for site in kept),
        tuple(site.draw for site in kept),
        np.array([len(site.candidates) for site in kept], dtype=np.int64),
        score,
        dict(sorted(unusable.items())),
        adjustment,
    )


def _why_not(site: Site, suspect: Reading, references: Mapping[str, Reading]) -> str:
    if len(site.candidates) < 2:
        return "only one candidate: nothing was drawn"
    if suspect.reason:
        return suspect.reason
    for name, reading in references.items():
        if reading.reason:
            return f"reference {name}: {reading.reason}"
    return ""


def _preferences(sites: Sequence[Site], readings: Sequence[Reading]) -> NDArray[np.float64]:
    """Return log-probabilities less that of the first candidate, 0 behind the last one."""
    width = max((len(site.candidates) for site in sites), default=2)
    table = np.zeros((len(sites), width))
    for row, reading in zip(table, readings, strict=True):
        row[: reading.logprob.size] = reading.logprob - reading.logprob[0]
    return table


def _adjust(
    sites: Sequence[Site],
    preference: NDArray[np.float64],
    features: Mapping[str, NDArray[np.float64]],
) -> tuple[NDArray[np.float64], dict[str, float]]:
    """Take out of the preferences what the references, rarity and an intercept explain.

    Coefficients of references are not negative: subtracting a reference that did see the marked
    text can only hide evidence, never make it. Rarity and intercept do not know the key at all.
    """
    if not sites:
        return np.zeros_like(preference), {}
    n = np.array([len(site.candidates) for site in sites])
    inside = np.arange(preference.shape[1]) < n[:, None]
    rival = inside.copy()
    rival[:, 0] = False  # the first candidate is what the others are compared with
    rarity = _rarity(sites, preference.shape)[rival]
    free = np.stack([rarity, np.ones_like(rarity)], axis=1)
    target = preference[rival]
    weights, rest = np.zeros(0), target
    if features:  # scipy's nnls aborts the process when there is no column
        signed = np.stack([feature[rival] for feature in features.values()], axis=1)
        weights, _ = nnls(_without(free, signed), _without(free, target))
        rest = target - signed @ weights
    residual = np.zeros_like(preference)
    residual[rival] = _without(free, rest)
    limit = CLIP * np.median(np.abs(residual[rival]))
    residual = residual.clip(-limit, limit)
    centred = residual - (residual.sum(1) / n)[:, None]
    coefficients = [*weights, *np.linalg.lstsq(free, rest)[0]]
    names = [*features, "rarity", "intercept"]
    return np.where(inside, centred, 0.0), dict(zip(names, map(float, coefficients), strict=True))


def _without(columns: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what is left of values after regressing them on columns."""
    return values - columns @ np.linalg.lstsq(columns, values)[0]


def _rarity(sites: Sequence[Site], shape: tuple[int, ...]) -> NDArray[np.float64]:
    table = np.zeros(shape)
    for row, site in zip(table, sites, strict=True):
        bits = [rarity_bits(candidate.split()[-1]) for candidate in site.candidates]
        row[: len(bits)] = np.array(bits) - bits[0]
    return table
