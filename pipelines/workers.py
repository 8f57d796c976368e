"""Find sites with one process or several; the sites are the same."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager

from pipelines.sources import load_analyst
from watermark.document import Document, Site
from watermark.schemes.leximark import Analyst, LexiMark, find_sites

PIECE_DOCUMENTS = 32
"""Documents that a process is given at a time. What a language model reads together does not depend
on the number of processes, so neither does the result."""

FindSites = Callable[[Sequence[Document]], Iterator[list[Site]]]


def find_here(analyst: Analyst, scheme: LexiMark) -> FindSites:
    """Return the function that finds the sites of a batch in this process."""

    def find(documents: Sequence[Document]) -> Iterator[list[Site]]:
        for piece in _pieces(documents):
            yield from find_sites(analyst, piece, scheme)

    return find


@contextmanager
def find_in_processes(scheme: LexiMark, workers: int) -> Iterator[FindSites]:
    """Yield the function that finds the sites of a batch in several processes.

    Args:
        scheme: How to mark.
        workers: How many processes, 1 or more.
    """
    context = multiprocessing.get_context("spawn")  # a fork would copy locks of threads
    with ProcessPoolExecutor(workers, context, _begin, (scheme,)) as pool:

        def find(documents: Sequence[Document]) -> Iterator[list[Site]]:
            for sites in pool.map(_find, list(_pieces(documents))):
                yield from sites

        yield find


def _pieces(documents: Sequence[Document]) -> Iterator[Sequence[Document]]:
    for first in range(0, len(documents), PIECE_DOCUMENTS):
        yield documents[first : first + PIECE_DOCUMENTS]


_loaded: list[tuple[Analyst, LexiMark]] = []
"""Of a process: what `_begin` loaded for it."""


def _begin(scheme: LexiMark) -> None:
    _loaded[:] = [(load_analyst(scheme), scheme)]


def _find(documents: Sequence[Document]) -> list[list[Site]]:
    ((analyst, scheme),) = _loaded
    return list(find_sites(analyst, documents, scheme))
