"""Audit a suspect with a vault: read, score, test, conclude.

This is the whole audit as a function: a vault and a model go in, a verdict and what it rests on
come out. Files, plots and printing are the business of `pipelines/`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from membership.detector import Detector
from membership.evidence.score_table import ScoreTable
from membership.trace import Suspect
from membership.verdict import Verdict
from watermark.document import Document, Marked, Site, sites_of
from watermark.errors import VaultError
from watermark.vault import Vault

Progress = Callable[[str, int, int], None]
"""Called with the model's name, texts done and texts in all."""

FALLBACK = ("redraw", "holdout")
"""The order in which the primary test falls back if the planned one cannot be run."""


@dataclass(frozen=True)
class Settings:
    """What an auditor may choose; everything else is in the plan."""

    alpha: float | None = None
    """Instead of the plan's; noted as a departure from it."""
    n_resamples: int = 99_999
    seed: int = 0


@dataclass(frozen=True)
class Material:
    """The corpus of a vault as an audit needs it."""

    documents: tuple[Document, ...]
    """Published and held-out documents, as marked."""
    published: NDArray[np.bool_]
    """Which of them were published."""
    originals: tuple[Document, ...]
    sites: tuple[tuple[Site, ...], ...]
    """For each document; offsets of the original text. Empty for documents held out."""


@dataclass(frozen=True)
class Audit:
    """A verdict with the numbers under it."""

    verdict: Verdict
    material: Material
    table: ScoreTable
    scores: Mapping[str, NDArray[np.float64]]
    """For each detector the score of each document of the material; NaN where there is none."""
    unscored: Mapping[str, int]
    """How many documents a detector could not score, by detector and reason."""


def gather(vault: Vault) -> Material:
    """Read a vault and check that the ledger is what the key draws.

    Raises:
        VaultError: A mark of the ledger is not the one that the key draws.
    """
    documents: list[Document] = []
    originals: list[Document] = []
    published: list[bool] = []
    sites: list[tuple[Site, ...]] = []
    for row, marked in vault.marked():
        _check_draws(vault, marked)
        documents.append(marked.document)
        originals.append(Document(row.id, row.original))
        published.append(row.status == "published")
        sites.append(sites_of(marked) if row.status == "published" else ())
    return Material(tuple(documents), np.array(published), tuple(originals), tuple(sites))


def _check_draws(vault: Vault, marked: Marked) -> None:
    if vault.plan.scheme.get("rule") == "published":
        return
    for mark in marked.marks:
        if mark.candidates[vault.key.draw(mark.draw, len(mark.candidates))] != mark.chosen:
            raise VaultError(
                f"{vault.folder}: the key does not draw {mark.chosen!r} for {mark.draw!r}: "
                "ledger and key do not belong together"
            )


def audit(
    vault: Vault,
    suspect: Suspect,
    references: Mapping[str, Suspect],
    detectors: Mapping[str, Detector],
    settings: Settings = Settings(),
    progress: Progress = lambda name, done, total: None,
) -> Audit:
    """Audit a suspect.

    Args:
        vault: The owner's vault, already checked.
        suspect: The model under audit.
        references: Models that are known not to have seen the marked text, by name.
        detectors: Detectors for the hold-out test, by name.
        settings: What differs from the plan.
        progress: Told how far the models are.

    Raises:
        PrerequisiteError: No test of evidence can be run on this vault with this suspect.
        VaultError: Ledger and key do not belong together.
    """
    material = gather(vault)
    readings, scores = _run(suspect, material, detectors, progress)
    by_reference = {
        name: _run(model, material, detectors, progress) for name, model in references.items()
    }
