"""Alternative versions of the published documents that another key could have published.

Draws that decide sites of a single document are made again; all others stay as published. Given
those, the outcomes of a document are independent of all other documents, so its versions may be
permuted whatever the scope of the draws: with scope `site` and `document` every draw belongs to one
document, with scope `word` only those of the rarer words do.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

import numpy as np

from membership.audit.observations import choose_unit
from membership.detector import Detector
from membership.detectors.reference import in_unit
from membership.evidence.result import TestResult
from membership.evidence.twin import twin_test
from membership.scoring import Progress, run_queries, score_corpus
from membership.traces.suspect import Suspect
from membership.traces.trace import Query
from watermark.document import Document, Site, apply_choices
from watermark.errors import PrerequisiteError
from watermark.keys import Key

N_TWINS = 3
"""Number of alternative versions, if there are too many to enumerate."""


@dataclass(frozen=True)
class Twins:
    """The versions of one document."""

    remarkings: tuple[Document, ...]
    published: int
    """Index of the published version."""


def twins_of(
    originals: Sequence[Document], sites: Sequence[Sequence[Site]], key: Key, n: int = N_TWINS
) -> Iterator[Twins]:
    """Yield the versions of each document that has more than one.

    Alternative versions are drawn with keys derived from the owner's, so that they are secret
    before the test and the same in every test.

    Args:
        originals: Unmarked documents.
        sites: Sites of each document; empty for documents that were not published.
        key: The owner's key.
        n: Number of alternative versions; all of them if there are fewer.
    """
    documents_of = Counter(draw for some in sites for draw in {site.draw for site in some})
    for document, some in zip(originals, sites, strict=True):
        options = {s.draw: len(s.candidates) for s in some if documents_of[s.draw] == 1}
        true = {site.draw: key.draw(site.draw, len(site.candidates)) for site in some}
        own = {draw: true[draw] for draw in options}
        outcomes, published = _outcomes(document, options, own, key, n)
        if len(outcomes) > 1:
            remarkings = [
                apply_choices(document, some, [{**true, **o}[site.draw] for site in some]).document
                for o in outcomes
            ]
            yield Twins(tuple(remarkings), published)


def _outcomes(
    document: Document, options: Mapping[str, int], own: dict[str, int], key: Key, n: int
) -> tuple[list[dict[str, int]], int]:
    """Return outcomes of the draws of a document, and the index of the key's own outcome."""
    if prod(options.values()) <= n + 1:
        every = [
            dict(zip(options, chosen, strict=True))
            for chosen in product(*(range(size) for size in options.values()))
        ]
        return every, every.index(own)
    keys = [Key(key.digest("twin", f"{number}:{document.id}")) for number in range(n)]
    return [own, *({d: k.draw(d, size) for d, size in options.items()} for k in keys)], 0


def run_twin_test(
    twins: Sequence[Twins],
    suspect: Suspect,
    reference: Suspect | None,
    detector: Detector,
    progress: Progress,
    *,
    alpha: float,
    n_resamples: int,
    seed: int,
) -> TestResult:
    """Score all versions and test; see `membership.evidence.twin`.

    Raises:
        PrerequisiteError: There are too few documents with versions.
    """
    if not twins:
        raise PrerequisiteError(
            "twin test: no document has versions of its own: every draw decides sites of several "
            "documents, or nothing was drawn (rule published)"
        )
    documents = [version for each in twins for version in each.remarkings]
    asked = [query for document in documents for query in detector.queries(document)]
    traces = run_queries(suspect, _texts(asked, "suspect"), progress)
    others = None
    if "reference" in detector.needs and reference is not None:
        others = run_queries(reference, _texts(asked, "reference"), progress)
    scorer = in_unit(detector, choose_unit(traces, others))
    (scores,) = score_corpus(documents, {detector.name: scorer}, traces, others).values()
    values = np.array([score.value for score in scores])
    edges = np.cumsum([len(each.remarkings) for each in twins])[:-1]
    return twin_test(
        [each.remarkings[0].id for each in twins],
        np.split(values, edges),
        [each.published for each in twins],
        detector=detector.name,
        alpha=alpha,
        n_resamples=n_resamples,
        seed=seed,
    )


def _texts(asked: Sequence[Query], role: str) -> list[Query]:
    return list(dict.fromkeys(Query(query.text) for query in asked if query.role == role))
