"""Throughput of marking: against the bare spaCy pipeline, with models, with two processes.

    python -m benchmarks.marking [--words 60000] [--model-words 300] [--workers 2]

Each pair reads the same documents, by turns, three times; the best of each counts (with models,
which take minutes, once). Marking means everything: sites, draws, published texts and vault.
Processes are timed when they have loaded what they need. The text is made of the documentation
topics that every Python carries.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Mapping
from itertools import cycle
from pathlib import Path

from pipelines.jobs.mark import make_candidate_settings
from pipelines.loading.candidate_sources import load_lexical_resources
from pipelines.loading.embedded_text import paragraphs
from pipelines.loading.parallel import in_pieces, in_processes
from watermark.corpus import open_corpus
from watermark.document import Document, Site
from watermark.marking.mark import Intent, mark_corpus
from watermark.marking.site_index import FindSites
from watermark.schemes.leximark import LexiMark
from watermark.schemes.leximark_sites import LexicalResources, find_sites

REPEATS = 3


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--words", type=int, default=60_000)
    parser.add_argument("--model-words", type=int, default=300, help="0 to leave models out")
    parser.add_argument("--workers", type=int, default=2, help="1 to leave processes out")
    arguments = parser.parse_args()
    texts = texts_of(arguments.words)
    scheme, resources = LexiMark(), load_lexical_resources()
    find: FindSites = in_pieces(lambda some: find_sites(resources, some, scheme))
    seconds = best({"spaCy": lambda: read(resources, texts), "ours": lambda: mark(texts, find)})
    n = count_words(texts)
    print(f"{n:,} words in {len(texts):,} documents, best of {REPEATS}")
    print(f"bare spaCy: {n / seconds['spaCy']:,.0f} words/s; marking: {n / seconds['ours']:,.0f}")
    print(f"marking reaches {seconds['spaCy'] / seconds['ours']:.0%} of the bare pipeline")
    if arguments.workers > 1:
        measure_workers(texts, scheme, arguments.workers)
    if arguments.model_words:
        measure_models(texts_of(arguments.model_words))


def measure_workers(texts: list[str], scheme: LexiMark, workers: int) -> None:
    """Print what several processes gain over one of them."""
    with in_processes(scheme, 1) as alone, in_processes(scheme, workers) as together:
        seconds = best({"one": lambda: mark(texts, alone), "all": lambda: mark(texts, together)})
    print(f"{workers} processes: {seconds['one'] / seconds['all']:.2f} times the speed of one")


def measure_models(texts: list[str]) -> None:
    """Print what a site costs when a language model judges the listed words."""
    scheme = LexiMark(quality="best", fit=make_candidate_settings("best", None))
    resources = load_lexical_resources(scheme)
    documents = [Document(str(number), text) for number, text in enumerate(texts)]
    find = in_pieces(lambda some: find_sites(resources, some, scheme))
    found: list[list[Site]] = []

    def find_all() -> None:
        found[:] = find(documents)

    seconds = best({"read": lambda: read(resources, texts), "find": find_all}, repeats=1)
    n_sites = sum(map(len, found))
    print(
        f"with models, {count_words(texts):,} words: {n_sites:,} sites, "
        f"{(seconds['find'] - seconds['read']) / n_sites:.3f} s a site beyond spaCy; "
        f"{seconds['find'] / seconds['read']:.0f} times the time of spaCy"
    )


def read(resources: LexicalResources, texts: list[str]) -> None:
    """Run the bare pipeline."""
    for _ in resources.nlp.pipe(texts):
        pass


def mark(texts: list[str], find: FindSites) -> None:
    """Mark the texts into a folder that is removed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = [json.dumps({"text": text}) + "\n" for text in texts]
        (folder / "corpus.jsonl").write_text("".join(rows), encoding="utf-8")
        mark_corpus(
            open_corpus(folder / "corpus.jsonl"),
            folder / "published",
            folder / "vault",
            Intent(LexiMark()),
            find,
            made_with={},
        )


def texts_of(n_words: int) -> list[str]:
    """Return so many words of English, or a paragraph more."""
    texts, written = list[str](), 0
    for text in cycle(paragraphs()):
        if written >= n_words:
            break
        texts.append(text)
        written += count_words([text])
    return texts


def count_words(texts: list[str]) -> int:
    """Count words as white space sets them apart."""
    return sum(len(text.split()) for text in texts)


def best(jobs: Mapping[str, Callable[[], object]], repeats: int = REPEATS) -> dict[str, float]:
    """Return the least seconds of each job, after a first run that fills what is looked up once."""
    for job in jobs.values():
        job()
    seconds: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(repeats):
        for name, job in jobs.items():
            began = time.perf_counter()
            job()
            seconds[name].append(time.perf_counter() - began)
    return {name: min(each) for name, each in seconds.items()}


if __name__ == "__main__":
    main()
