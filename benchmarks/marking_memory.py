"""Peak memory of marking a large corpus over that of a small one.

    python -m benchmarks.marking_memory [--megabytes 10 1000] [--marked 1.5]

The corpora are generated: paragraphs of the documentation that every Python carries, in documents
of about 2,000 characters (`--characters`). A share of them, about `--marked` megabytes, is marked,
the rest passes through; all are read, checked, written and listed in the vault. So memory that
grows with the corpus shows, in minutes. Each corpus is marked in a process of its own.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path

from pipelines.jobs.mark import make_intent, mark_command
from pipelines.loading.embedded_text import paragraphs
from watermark.corpus import open_corpus
from watermark.document import Document, Site
from watermark.marking.mark import Intent, mark_corpus
from watermark.schemes.leximark import LexiMark
from watermark.vault.plan import Plan


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--megabytes", type=float, nargs="+", default=[10, 1000])
    parser.add_argument("--marked", type=float, default=1.5)
    parser.add_argument("--characters", type=int, default=2_000, help="of a document")
    parser.add_argument(
        "--bare", action="store_true", help="one simple site a document, without spaCy and WordNet"
    )
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        bare, share = arguments.bare, arguments.marked
        print(json.dumps(mark_bare(arguments.one) if bare else mark_one(arguments.one, share)))
        return
    for megabytes in arguments.megabytes:
        with tempfile.TemporaryDirectory() as name:
            corpus = Path(name) / "corpus.jsonl"
            with corpus.open("w", encoding="utf-8") as file:
                file.writelines(lines(megabytes * 1e6, arguments.characters))
            command = [sys.executable, "-m", "benchmarks.marking_memory"]
            command += ["--marked", str(arguments.marked), "--one", str(corpus)]
            command += ["--bare"] * arguments.bare
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            found = json.loads(done.stdout)
        print(
            f"{megabytes:,.0f} MB in {found['documents']:,} documents, "
            f"{found['sites']:,} sites: peak {found['peak_mb']:,.0f} MB"
        )


def lines(characters: float, a_document: int) -> Iterator[str]:
    """Yield documents of some length as lines of JSON until there are so many characters."""
    number, written, parts = 0, 0, list[str]()
    for paragraph in cycle(paragraphs()):
        parts.append(paragraph)
        if sum(map(len, parts)) < a_document:
            continue
        text = f"{number}\n\n" + "\n\n".join(parts)  # no two alike: texts decide which are marked
        line = json.dumps({"id": f"d{number}", "text": text}) + "\n"
        yield line
        number, written, parts = number + 1, written + len(line), []
        if written >= characters:
            return


def mark_one(corpus: Path, marked_megabytes: float) -> dict[str, float]:
    """Mark a corpus; return the size of it and the peak memory of this process."""
    share = min(1.0, marked_megabytes * 1e6 / corpus.stat().st_size)
    out = corpus.parent
    intent = make_intent(LexiMark(share=share))
    plan = mark_command(corpus, out / "published", out / "vault", intent, id_column="id")
    return _measured(plan)


def mark_bare(corpus: Path) -> dict[str, float]:
    """Mark the first *the* of each document, and measure as `mark_one` does."""

    def find(documents: Sequence[Document]) -> Iterator[list[Site]]:
        for document in documents:
            start = document.text.find(" the ") + 1
            found = Site(document.id, start, "the", ("the", "teh"), "the")
            yield [found] if start else []

    out, intent = corpus.parent, Intent(LexiMark(max_frequency_ratio=1e9))
    opened = open_corpus(corpus, id_column="id")
    plan = mark_corpus(opened, out / "published", out / "vault", intent, find, made_with={})
    return _measured(plan)


def _measured(plan: Plan) -> dict[str, float]:
    return {
        "documents": plan.corpus["n_documents"],
        "sites": plan.corpus["n_sites"],
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


if __name__ == "__main__":
    main()
