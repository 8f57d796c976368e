"""The editor's page: every pair of words by risk, with the sentences where it may stand.

It shows the candidates and nothing that the key decided: the exact test stands on decisions that
did not look at it.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipelines.reporting.comparison_page import fill_page, shown_candidates
from watermark.marking.risk import PairGroup, PlaceInText

TEMPLATE = Path(__file__).with_name("review_page.html")
MOST_PAIRS = 2_000
"""Pairs on the page, the riskiest first."""


def review_page(groups: Sequence[PairGroup]) -> str:
    """Return a page on which an editor decides which words may stand in place of which.

    Args:
        groups: The pairs of the corpus, in the order in which they are to be read.
    """
    left_out = {
        "pairs": len(groups) - MOST_PAIRS,
        "sites": sum(g.n_sites for g in groups[MOST_PAIRS:]),
    }
    return fill_page(
        TEMPLATE,
        {
            "groups": [_group(group) for group in groups[:MOST_PAIRS]],
            "leftOut": left_out if left_out["pairs"] > 0 else None,
        },
    )


def _group(group: PairGroup) -> dict[str, Any]:
    return {
        "pair": group.pair,
        "fit": _rounded(group.fit),
        "sites": group.n_sites,
        "documents": group.documents,
        "accepted": group.accepted,
        "places": [_place(place) for place in group.places],
    }


def _place(place: PlaceInText) -> dict[str, Any]:
    site = place.site
    return {
        "document_id": site.document_id,
        "start": site.start,
        "original": site.original,
        "candidates": site.candidates,
        "shown": shown_candidates(site.candidates),
        "fits": [_rounded(fit) for fit in site.fits],
        "fit": _rounded(place.fit),
        "before": place.before,
        "after": place.after,
    }


def _rounded(fit: float | None) -> float | None:
    return None if fit is None else round(fit, 3)
