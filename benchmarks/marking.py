"""Throughput of marking as a share of the bare spaCy pipeline on the same text.

    python -m benchmarks.marking [N_WORDS]

Both read the same documents in this process, one after the other, three times; the best of each
counts. Marking means everything: sites, draws, published texts and vault. The text is made of the
documentation topics that every Python carries.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from pipelines.demo import paragraphs
from pipelines.sources import load_analyst
from watermark.corpus import open_corpus
from watermark.marking import Intent, mark_corpus
from watermark.schemes.leximark import LexiMark, find_sites

REPEATS = 3


def main() -> None:
    """Measure and print."""
    n_words = int(sys.argv[1]) if len(sys.argv) > 1 else 60_000
    texts = _texts(n_words)
    n = sum(len(text.split()) for text in texts)
    analyst = load_analyst()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = [json.dumps({"text": text}) + "\n" for text in texts]
        (folder / "corpus.jsonl").write_text("".join(rows), encoding="utf-8")

        def bare() -> None:
            for _ in analyst.nlp.pipe(texts):
                pass

        def marking() -> None:
            run = tempfile.mkdtemp(dir=folder)
            scheme = LexiMark()
            mark_corpus(
                open_corpus(folder / "corpus.jsonl"),
                Path(run) / "published",
                Path(run) / "vault",
                Intent(scheme),
                lambda batch: find_sites(analyst, batch, scheme),
                made_with={},
            )

        marking()  # look-ups in WordNet and the frequency table are filled once
        baseline, ours = _best(bare), _best(marking)
    print(f"{n:,} words in {len(texts):,} documents, best of {REPEATS}")
    print(f"bare spaCy: {n / baseline:,.0f} words/s; marking: {n / ours:,.0f} words/s")
    print(f"marking reaches {baseline / ours:.0%} of the bare pipeline")


def _texts(n_words: int) -> list[str]:
    texts: list[str] = []
    while sum(len(text.split()) for text in texts) < n_words:
        texts += paragraphs()
    return texts


def _best(job: Callable[[], None]) -> float:
    seconds = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        job()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


if __name__ == "__main__":
    main()
