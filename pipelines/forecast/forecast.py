"""The job behind `leximark plan`: can marks in this corpus prove anything, and which are enough?

Not to be confused with the plan in a vault, which `leximark mark` writes: nothing is marked here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from membership.evidence.prediction import SiteMap, documents_needed, predict_power
from membership.evidence.sensitivity import Sensitivity
from pipelines.forecast.effects import load_effects
from pipelines.forecast.survey import (
    find_marked_sites,
    map_of,
    measure_spread,
    sample_documents,
)
from pipelines.loading.option_values import PlannedSuspect, PlannedTraining
from pipelines.loading.site_finders import refuse_other_languages
from watermark.corpus import open_corpus
from watermark.document import Document
from watermark.errors import CorpusError, PrerequisiteError
from watermark.schemes.leximark import LexiMark

LEVELS = (0.001, 1e-6)
WORDS_PER_SENTENCE = (1, 2)
"""Numbers of sites per sentence that are tried besides the requested one."""
STRICTER_FITS = (0.6, 0.75)
"""Minimum probabilities that a reader accepts a word, tried besides the default."""
N_SIMULATED = 40
N_VARIANT_DOCUMENTS = 60
"""Other ways to mark are tried on so many of the surveyed documents."""


@dataclass(frozen=True)
class Row:
    """What one kind of suspect would show."""

    suspect: PlannedSuspect
    training: PlannedTraining
    power: Mapping[float, float]
    """Power of the whole corpus, by level."""
    needed: Mapping[float, int | None]
    """Documents for the wanted power, by level; None if no number is enough."""


@dataclass(frozen=True)
class Marking:
    """One way to mark, and what it costs."""

    min_fit: float
    words_per_sentence: int
    sites_per_document: float
    needed: int | None
    """Documents to mark for the wanted power."""
    share: float | None
    """Share of the documents to mark; None if all of them are too few."""
    changed_per_100_words: float
    """In the marked documents, on average."""


@dataclass(frozen=True)
class CorpusPlan:
    """The forecast for a corpus."""

    n_documents: int
    n_published: int
    n_surveyed: int
    sites_per_document: float
    n_draws: int
    """In the surveyed documents."""
    spread: float
    spread_source: str
    rows: tuple[Row, ...]
    markings: tuple[Marking, ...]
    target: tuple[str, str, float, float]
    """Suspect, training, level and power that the advice is for."""
    advice: Marking | None
    """The gentlest marking that proves it; None if none does."""

    def as_dict(self) -> dict[str, Any]:
        """Return the forecast for machines."""
        found = asdict(self)
        found["target"] = dict(
            zip(("suspect", "training", "alpha", "power"), self.target, strict=True)
        )
        for row in found["rows"]:
            row["power"] = {f"{alpha:g}": p for alpha, p in row["power"].items()}
            row["needed"] = {f"{alpha:g}": n for alpha, n in row["needed"].items()}
        return found


def plan_corpus(
    source: Any,
    scheme: LexiMark = LexiMark(),
    *,
    text_column: str = "text",
    id_column: str | None = None,
    split: str | None = None,
    sample: int = 300,
    holdout: float = 0.1,
    suspect: PlannedSuspect = "public",
    training: PlannedTraining = "fine-tuning",
    alpha: float = 0.001,
    power: float = 0.8,
    use_model: bool = True,
) -> CorpusPlan:
    """Survey a corpus that is not marked yet and foresee what its marks could prove.

    Args:
        source: A path, a hub id or a `datasets.Dataset`.
        scheme: The densest marking that would be borne; the advice is no denser.
        text_column: Column that holds the text.
        id_column: Column that holds the ids.
        split: One split of a data set that has some.
        sample: Documents to survey; 0 for all.
        holdout: Share of documents that will not be published.
        suspect: What the suspect of the advice returns.
        training: How the suspect of the advice was trained.
        alpha: Level of the advice.
        power: Wanted chance of evidence.
        use_model: Whether to read a part of the corpus with a public language model, if it is
            installed; otherwise a stored spread is used.

    Raises:
        CorpusError: The corpus cannot be read, or it has no site.
        ValueError: A number is out of its range.
    """
    if not (0 <= holdout <= 0.5 and 0 < alpha < 0.5 and 0 < power < 1 and sample >= 0):
        raise ValueError("wanted a hold-out of 0 to 0.5, a level below 0.5, a power of 0 to 1")
    if scheme.rule != "keyed":
        raise ValueError("rule published: no key chooses, so there is no power to foresee")
    corpus = open_corpus(source, text_column=text_column, id_column=id_column, split=split)
    refuse_other_languages(scheme, corpus)
    documents, n_documents = sample_documents(corpus.documents(), sample)
    sites = find_marked_sites(scheme, documents)
    if not any(sites):
        raise CorpusError(
            f"{len(documents)} documents surveyed, and none has {scheme.needs}: nothing can be "
            "marked"
        )
    spread, spread_source = measure_spread(documents, sites, use_model)
    surveyed, n_published = map_of(sites), round(n_documents * (1 - holdout))
    effects = load_effects()
    rows = tuple(
        _row(surveyed, n_published, spread, kind, way, power)
        for kind in effects.suspects
        for way in effects.trainings
    )
    target = (suspect, training, alpha, power)
    markings = tuple(_markings(scheme, documents, n_published, spread, target))
    return CorpusPlan(
        n_documents, n_published, len(documents), surveyed.sites_per_document,
        len(surveyed.n_options), spread, spread_source, rows, markings, target,
        gentlest(markings),
    )  # fmt: skip


def gentlest(markings: Sequence[Marking]) -> Marking | None:
    """Return the marking with the best words of those that prove enough.

    Of those with equally good words it is the one that changes the fewest.
    """
    enough = [marking for marking in markings if marking.share is not None]
    return min(
        enough,
        key=lambda m: (-m.min_fit, m.changed_per_100_words * (m.share or 1)),
        default=None,
    )


def _row(
    sites: SiteMap,
    n_published: int,
    spread: float,
    suspect: str,
    training: str,
    power: float,
) -> Row:
    shown = load_effects().sensitivity(suspect, training, spread)
    powers = {
        alpha: predict_power(sites, n_published, shown, alpha=alpha, n_simulated=N_SIMULATED)
        for alpha in LEVELS
    }
    needed = {alpha: _needed(sites, shown, alpha, power) for alpha in LEVELS}
    return Row(suspect, training, powers, needed)  # type: ignore[arg-type]


def _needed(sites: SiteMap, shown: Sensitivity, alpha: float, power: float) -> int | None:
    try:
        return documents_needed(sites, shown, alpha=alpha, power=power, n_simulated=N_SIMULATED)[0]
    except PrerequisiteError:
        return None


def _markings(
    scheme: LexiMark,
    documents: Sequence[Document],
    n_published: int,
    spread: float,
    target: tuple[str, str, float, float],
) -> Iterator[Marking]:
    """Yield the markings that are no denser than the scheme, on a part of the documents."""
    suspect, training, alpha, power = target
    shown = load_effects().sensitivity(suspect, training, spread)
    some = documents[:: max(1, len(documents) // N_VARIANT_DOCUMENTS)]
    n_words = sum(len(document.text.split()) for document in some)
    fits = sorted({scheme.fit.min_fit, *(f for f in STRICTER_FITS if f > scheme.fit.min_fit)})
    ks = [k for k in WORDS_PER_SENTENCE if k < scheme.words_per_sentence]
    for min_fit in fits:
        for k in [*ks, scheme.words_per_sentence]:
            fit = replace(scheme.fit, min_fit=min_fit)
            sites = find_marked_sites(replace(scheme, words_per_sentence=k, fit=fit), some)
            needed = _needed(map_of(sites), shown, alpha, power) if any(sites) else None
            changed = sum(1 - 1 / len(site.candidates) for some_ in sites for site in some_)
            yield Marking(
                min_fit,
                k,
                sum(map(len, sites)) / len(some),
                needed,
                share_of(needed, n_published),
                100 * changed / max(1, n_words),
            )


def share_of(needed: int | None, n_published: int) -> float | None:
    """Return the share of documents to mark, in steps of .05; None if there are too few."""
    if needed is None or needed > n_published:
        return None
    return min(1.0, float(np.ceil(20 * needed / n_published) / 20))
