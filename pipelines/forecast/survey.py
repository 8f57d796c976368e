"""Survey a corpus that is not marked yet: its sites, their draws, how preferences spread there."""

from collections.abc import Iterator, Sequence

import numpy as np
from tqdm import tqdm

from membership.evidence.prediction import SiteMap, map_sites
from membership.evidence.score_table import build_table, slots_of
from membership.traces.trace import Query
from pipelines.forecast.effects import load_effects
from pipelines.loading.models import ModelOptions, load_model
from pipelines.loading.site_finders import load_finder
from watermark.assets import find_model
from watermark.document import Document, Site
from watermark.errors import AssetError
from watermark.marking.codebook import build_codebook, name_coins
from watermark.marking.site_index import index_document
from watermark.schemes.leximark import LexiMark

STAND_IN_CHARACTERS = 40_000
"""So much text is read by the stand-in at most: about a minute on a processor."""
LEAST_SITES = 20
"""With fewer sites the stored spread is better than a measured one."""


def sample_documents(documents: Iterator[Document], sample: int) -> tuple[list[Document], int]:
    """Return a uniform sample in the order of the corpus, and the size of the corpus.

    A sample of 0 is the whole corpus.
    """
    rng, kept, n = np.random.default_rng(0), list[tuple[int, Document]](), 0
    for n, document in enumerate(documents, 1):
        if not sample or len(kept) < sample:
            kept.append((n, document))
        elif (place := int(rng.integers(n))) < sample:
            kept[place] = (n, document)
    return [document for _, document in sorted(kept, key=lambda pair: pair[0])], n


def find_marked_sites(scheme: LexiMark, documents: Sequence[Document]) -> list[list[Site]]:
    """Return the sites of documents that would be marked, with the names of their coins."""
    find, _ = load_finder(scheme)
    bar = tqdm(find(documents), total=len(documents), unit=" documents", disable=None)
    found = list(bar)
    codebook = build_codebook(map(index_document, documents, found), scheme)
    return [
        name_coins(document, sites, codebook)
        for document, sites in zip(documents, found, strict=True)
    ]


def map_of(sites: Sequence[Sequence[Site]]) -> SiteMap:
    """Return which draws decide the sites of each document."""
    return map_sites([[(site.draw, len(site.candidates)) for site in some] for some in sites])


def measure_spread(
    documents: Sequence[Document], sites: Sequence[Sequence[Site]], use_model: bool
) -> tuple[float, str]:
    """Return the spread of preferences between candidates, and where it is from.

    A public language model stands in for suspects; without one a stored value is used.
    """
    effects = load_effects()
    stored = effects.spread, "stored value, measured on news"
    if not use_model:
        return stored
    try:
        folder = find_model(effects.stand_in)
    except AssetError:
        return stored
    read, readable, length = list[Query](), list[Site](), 0
    for document, some in zip(documents, sites, strict=True):
        words = [site for site in some if site.original]
        if words and length < STAND_IN_CHARACTERS:
            read.append(Query(document.text, slots_of(words)))
            readable += words
            length += len(document.text)
    traces = dict(load_model(str(folder), ModelOptions()).trace(read))
    readings = [reading for i in range(len(read)) for reading in traces[i].candidate_logprobs]
    table = build_table(readable, readings, {})
    if len(table.score) < LEAST_SITES:
        return stored
    inside = np.arange(table.score.shape[1]) < table.n_candidates[:, None]
    spread = float(np.sqrt(np.square(table.score[inside]).mean()))
    return spread, f"{effects.stand_in} at {len(table.score):,} sites"
