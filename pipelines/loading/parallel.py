"""Find sites with one process or several; the sites are the same."""

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager

from pipelines.loading.site_finders import load_finder
from watermark.document import Document, Site
from watermark.marking.site_index import FindSites
from watermark.scheme import Scheme

PIECE_DOCUMENTS = 16
"""Documents that a process is given at a time. What a language model reads together does not depend
on the number of processes, so neither does the result."""


def in_pieces(find: FindSites) -> FindSites:
    """Return the same function, given `PIECE_DOCUMENTS` at a time."""

    def find_all(documents: Sequence[Document]) -> Iterator[list[Site]]:
        for piece in _pieces(documents):
            yield from find(piece)

    return find_all


@contextmanager
def in_processes(scheme: Scheme, workers: int) -> Iterator[FindSites]:
    """Yield the function that finds the sites of a batch, using one or more processes."""
    context = multiprocessing.get_context("spawn")  # a fork would copy locks of threads
    with ProcessPoolExecutor(workers, context, _begin, (scheme,)) as pool:

        def find_all(documents: Sequence[Document]) -> Iterator[list[Site]]:
            for sites in pool.map(_find, list(_pieces(documents))):
                yield from sites

        yield find_all


def _pieces(documents: Sequence[Document]) -> Iterator[Sequence[Document]]:
    for first in range(0, len(documents), PIECE_DOCUMENTS):
        yield documents[first : first + PIECE_DOCUMENTS]


_finders: list[FindSites] = []
"""What `_begin` loaded for this process."""


def _begin(scheme: Scheme) -> None:
    _finders[:] = [load_finder(scheme)[0]]


def _find(documents: Sequence[Document]) -> list[list[Site]]:
    (find,) = _finders
    return list(find(documents))
