"""The power of the re-draw test, foreseen from sites alone: before any key, model or publication.

What is known beforehand is which draws decide how many sites of which documents. What is assumed is
how far training shifts a site's preference (`effect`, known up to `error`) and how far preferences
scatter besides (`noise`, `correlation`). From these, score tables are simulated and tested as the
re-draw test would. The power is the mean over the effects that are plausible: what is known of an
effect from one or a few trainings is not its value in the next.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from membership.evidence.sensitivity import Sensitivity
from membership.evidence.tail import tail_probability
from watermark.errors import PrerequisiteError

N_SIMULATED = 200
"""Corpora that are simulated for a power."""
SIMULATED_SITES = 800
"""Up to so many sites tables are simulated; with more, T is normal to the precision needed."""
CLIPPED_AT = 3 * 0.6745
"""Standard deviations at which the residuals of a table are clipped: 3 median sizes of a normal
residual (`score_table.CLIP`)."""


@dataclass(frozen=True)
class SiteMap:
    """Which draws decide the sites of each document."""

    documents: tuple[NDArray[np.int64], ...]
    """For each document the numbers of the draws at its sites."""
    n_options: NDArray[np.int64]
    """Number of candidates of each draw."""

    def counts(self, n_documents: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """Return the sites of each draw in random documents, for the draws that have any.

        The first column numbers the draw, the second counts.
        """
        chosen = rng.choice(len(self.documents), n_documents, replace=False)
        draws = np.concatenate([self.documents[i] for i in chosen] or [np.zeros(0, np.int64)])
        return np.stack(np.unique(draws, return_counts=True), axis=1).astype(np.int64)

    @property
    def sites_per_document(self) -> float:
        """Mean number of sites of a document."""
        return sum(map(len, self.documents)) / max(1, len(self.documents))


def map_sites(draws: Sequence[Sequence[tuple[str, int]]]) -> SiteMap:
    """Number the draws of a corpus.

    Args:
        draws: For each document the draw of each site, and the number of its candidates.
    """
    number: dict[str, int] = {}
    n_options: list[int] = []
    documents = []
    for sites in draws:
        row = []
        for name, n in sites:
            if name not in number:
                number[name] = len(n_options)
                n_options.append(n)
            row.append(number[name])
        documents.append(np.array(row, dtype=np.int64))
    return SiteMap(tuple(documents), np.array(n_options, dtype=np.int64))


def predict_power(
    sites: SiteMap,
    n_documents: int,
    sensitivity: Sensitivity,
    *,
    alpha: float,
    n_simulated: int = N_SIMULATED,
    seed: int = 0,
) -> float:
    """Return the chance that random documents of a corpus give p at most alpha.

    Args:
        sites: The sites of the corpus.
        n_documents: How many of its documents a suspect was trained on and is asked about. If the
            map is of a sample, more than it has: T grows with the root of their number.
        sensitivity: What the suspect shows of a mark.
        alpha: The level.
        n_simulated: Corpora to simulate; fewer are enough where there are many sites.
        seed: Seed of the simulation.
    """
    rng = np.random.default_rng([seed, n_documents])
    if n_documents > len(sites.documents):
        return _scaled_power(sites, n_documents, sensitivity, alpha)
    if n_documents * sites.sites_per_document > SIMULATED_SITES:
        found = [
            _normal_power(_some(sites, n_documents, rng), sensitivity, alpha)
            for _ in range(max(4, n_simulated // 20))
        ]
        return float(np.mean(found))
    hits = 0
    for effect in _plausible_effects(sensitivity, n_simulated):
        drawn = _some(sites, n_documents, rng)
        if drawn[0].size:
            values, observed = _simulate(drawn, replace(sensitivity, effect=effect), rng)
            hits += tail_probability(values, drawn[1], observed) <= alpha
    return hits / n_simulated


def _plausible_effects(sensitivity: Sensitivity, n: int) -> list[float]:
    """Return n equally likely effects, none below 0."""
    steps = norm.ppf((np.arange(n) + 0.5) / n)
    return [max(0.0, sensitivity.effect + sensitivity.error * step) for step in steps]


def documents_needed(
    sites: SiteMap,
    sensitivity: Sensitivity,
    *,
    alpha: float,
    power: float = 0.8,
    n_simulated: int = N_SIMULATED,
) -> tuple[int, bool]:
    """Return how many documents give a power, and whether that is more than the corpus has.

    Beyond the corpus T is taken to grow with the root of the number of documents.

    Raises:
        PrerequisiteError: The corpus has no site, training leaves no trace, or what is known of the
            effect is too uncertain for so high a power.
    """
    have = len(sites.documents)
    whole = _some(sites, have, np.random.default_rng(0))
    lies = noncentrality(whole, sensitivity) if whole[0].size else 0.0
    if lies <= 0:
        raise PrerequisiteError("no number of documents is enough: there is nothing to detect")
    sizes = [n for n in _SIZES if n < have] + [have]

    def enough(n: int) -> bool:
        found = predict_power(sites, n, sensitivity, alpha=alpha, n_simulated=n_simulated)
        return found >= power

    first = have * (_distance_needed(sensitivity, alpha, power) / lies) ** 2
    place = min(bisect_left(sizes, first), len(sizes) - 1)
    while place < len(sizes) - 1 and not enough(sizes[place]):
        place += 1
    while place and enough(sizes[place - 1]):
        place -= 1
    if enough(sizes[place]):
        return sizes[place], False
    return max(have + 1, ceil(first)), True


def _distance_needed(sensitivity: Sensitivity, alpha: float, power: float) -> float:
    """Return by how many standard deviations T must exceed 0, at the expected effect.

    The effect is normal around its estimate, so the mean power at a distance x is that of a normal
    variable at (x - q) / sqrt(1 + (rx)**2), q being the critical value and r the relative error.
    """
    q, k = norm.isf(alpha), norm.ppf(power)
    r = sensitivity.error / sensitivity.effect
    rest = 1 - (k * r) ** 2
    if rest <= 0:
        raise PrerequisiteError(
            f"no number of documents gives a power of {power:g}: the effect is "
            f"{sensitivity.effect:.2g} with an error of {sensitivity.error:.2g}"
        )
    return float((q + k * np.sqrt(1 + r**2 * (q**2 - k**2))) / rest)


_SIZES = [round(a * 10**b) for b in range(7) for a in (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8)]
"""Numbers of documents that are tried."""
Drawn = tuple[NDArray[np.int64], NDArray[np.int64]]
"""For each draw its number of sites and of candidates."""


def _some(sites: SiteMap, n_documents: int, rng: np.random.Generator) -> Drawn:
    found = sites.counts(n_documents, rng)
    return found[:, 1], sites.n_options[found[:, 0]]


def noncentrality(drawn: Drawn, sensitivity: Sensitivity) -> float:
    """Return by how many standard deviations of its null T exceeds 0, in the mean."""
    gains, noise, shift = _moments(drawn, sensitivity)
    return float(gains.sum() / np.sqrt((noise + shift).sum()))


def _moments(
    drawn: Drawn, sensitivity: Sensitivity
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return for each draw the mean of its contribution, and the variance by noise and by shift."""
    n_sites, n_options = drawn
    sensitivity = _adjusted(drawn, sensitivity)
    gains = sensitivity.effect * np.sqrt(n_sites) * (1 - 1 / n_options)
    noise = sensitivity.noise**2 * (1 + (n_sites - 1) * sensitivity.correlation)
    shift = sensitivity.effect**2 * n_sites / n_options * (1 - 1 / n_options)
    return gains, np.asarray(noise, dtype=np.float64), shift


def _adjusted(drawn: Drawn, sensitivity: Sensitivity) -> Sensitivity:
    """Return what is left after the adjustment of a table with so few sites.

    A regression with k coefficients on n sites takes a share k/n of each site's own score, the mark
    included, and puts a mixture of the other sites in its place.
    """
    n_sites, n_options = drawn
    taken = min(1.0, sensitivity.coefficients / max(1, n_sites.sum()))
    shift = sensitivity.effect**2 / n_options * (1 - 1 / n_options)
    square = (1 - taken) * (sensitivity.noise**2 + taken * float(shift.mean()))
    return replace(
        sensitivity, effect=(1 - taken) * sensitivity.effect, noise=float(np.sqrt(square)) or 1.0
    )


def _normal_power(drawn: Drawn, sensitivity: Sensitivity, alpha: float) -> float:
    n_options = drawn[1]
    if not n_options.size or -np.log(n_options).sum() > np.log(alpha):
        return 0.0
    gains, noise, shift = _moments(drawn, sensitivity)
    distance = gains.sum() - norm.isf(alpha) * np.sqrt((noise + shift).sum())
    doubt = sensitivity.error / max(sensitivity.effect, 1e-12) * gains.sum()
    return float(norm.cdf(distance / np.sqrt(noise.sum() + doubt**2)))


def _scaled_power(
    sites: SiteMap, n_documents: int, sensitivity: Sensitivity, alpha: float
) -> float:
    whole = _some(sites, len(sites.documents), np.random.default_rng(0))
    if not whole[0].size:
        return 0.0
    lies = noncentrality(whole, sensitivity) * np.sqrt(n_documents / len(sites.documents))
    doubt = sensitivity.error / max(sensitivity.effect, 1e-12) * lies
    return float(norm.cdf((lies - norm.isf(alpha)) / np.sqrt(1 + doubt**2)))


def _simulate(
    drawn: Drawn, sensitivity: Sensitivity, rng: np.random.Generator
) -> tuple[NDArray[np.float64], float]:
    """Return a table of draws of a trained suspect, and its T."""
    n_sites, n_options = drawn
    inside = np.arange(int(n_options.max())) < n_options[:, None]
    root = np.sqrt(n_sites)[:, None]
    own = _noise(n_sites, inside, rng) * np.sqrt(1 - sensitivity.correlation)
    shared = _noise(np.ones_like(n_sites), inside, rng) * np.sqrt(sensitivity.correlation)
    sensitivity = _adjusted(drawn, sensitivity)
    shift = np.where(inside, -sensitivity.effect / n_options[:, None], 0.0)
    chosen, rows = rng.integers(0, n_options), np.arange(len(n_sites))
    shift[rows, chosen] += sensitivity.effect
    value = sensitivity.noise * (own + shared * root) + shift * root
    return value, float(value[rows, chosen].sum())


def _noise(
    n_sites: NDArray[np.int64], inside: NDArray[np.bool_], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return centred scores of draws, each the sum of its sites over the root of their number."""
    draw = np.repeat(np.arange(len(n_sites)), n_sites)
    site = rng.standard_normal((len(draw), inside.shape[1])).clip(-CLIPPED_AT, CLIPPED_AT)
    site *= inside[draw]
    site -= np.where(inside[draw], (site.sum(1) / inside[draw].sum(1))[:, None], 0.0)
    site /= np.sqrt(np.square(site).sum() / max(1, inside[draw].sum()))
    found = np.zeros(inside.shape)
    np.add.at(found, draw, site)
    return found / np.sqrt(n_sites)[:, None]
