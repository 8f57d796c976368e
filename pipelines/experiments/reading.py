"""Draw marks at random for a reader who does not know which version is the original.

    python -m pipelines.experiments.reading draw OUT NEWS.jsonl FICTION.jsonl ... [--each 50]
    python -m pipelines.experiments.reading score OUT

`draw` marks random documents of each file with the default settings of `leximark mark` and writes
`sheet.tsv`: each row is a place with both words, `one` and `two`, in random order. A reader fills
the column `judgement` with `both` (both read well), `one` or `two` (only that one does), `neither`,
or `false one` or `false two` (with that word the sentence says something else). `score` compares
the sheet with `answers.json` and writes `table.md`.
"""

import argparse
import csv
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np
from scipy.stats import binomtest

from pipelines.jobs.mark import make_leximark
from pipelines.loading.candidate_sources import load_lexical_resources
from watermark.document import Document, Site
from watermark.marking.codebook import build_codebook, name_coins
from watermark.marking.site_index import index_document
from watermark.schemes.leximark import LexiMark
from watermark.schemes.leximark_sites import find_sites
from watermark.substitution.acceptability import Quality

AROUND = 160
"""Characters to either side of a place that the reader sees."""
COLUMNS = ("n", "genre", "before", "one", "two", "after", "judgement")
JUDGEMENTS = ("both", "one", "two", "neither", "false one", "false two")
VERDICTS = ("right", "false", "wrong", "wrong before as well")


def main() -> None:
    """Draw a sheet, or score it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["draw", "score"])
    parser.add_argument("out", type=Path, help="folder of the sheet")
    parser.add_argument("texts", type=Path, nargs="*", help="JSON Lines with id and text")
    parser.add_argument("--each", type=int, default=50, help="marks of each file")
    parser.add_argument("--documents", type=int, default=150, help="documents read of each file")
    parser.add_argument("--quality", choices=get_args(Quality), default=LexiMark.quality)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    if arguments.what == "score":
        (arguments.out / "table.md").write_text(score(arguments.out), encoding="utf-8")
        return
    arguments.out.mkdir(parents=True)
    rng = np.random.default_rng(arguments.seed)
    scheme = make_leximark(arguments.quality)
    drawn = [
        (path.stem, *place)
        for path in arguments.texts
        for place in draw_places(path, scheme, arguments.each, arguments.documents, rng)
    ]
    order = rng.permutation(len(drawn)).tolist()
    write_sheet(arguments.out, [drawn[i] for i in order], rng)


def draw_places(
    path: Path, scheme: LexiMark, n: int, n_documents: int, rng: np.random.Generator
) -> list[tuple[Document, Site]]:
    """Return places that would be marked in random documents of a file, with the coins' share."""
    with path.open(encoding="utf-8") as file:
        documents = [Document(str(row["id"]), row["text"]) for row in map(json.loads, file)]
    chosen = rng.permutation(len(documents))[:n_documents].tolist()
    some = [documents[i] for i in chosen]
    found = list(find_sites(load_lexical_resources(scheme), some, scheme))
    codebook = build_codebook(map(index_document, some, found), scheme)
    places = [
        (document, site)
        for document, sites in zip(some, found, strict=True)
        for site in name_coins(document, sites, codebook)
    ]
    return [places[i] for i in rng.permutation(len(places))[:n].tolist()]


def write_sheet(
    out: Path, drawn: Sequence[tuple[str, Document, Site]], rng: np.random.Generator
) -> None:
    """Write the sheet, and apart from it which of the two words is the original."""
    answers = []
    with (out / "sheet.tsv").open("w", encoding="utf-8", newline="") as file:
        sheet = csv.writer(file, delimiter="\t")
        sheet.writerow(COLUMNS)
        for number, (genre, document, site) in enumerate(drawn):
            words = list(site.candidates[:2])
            original_first = bool(rng.integers(2))
            one, two = words if original_first else reversed(words)
            sheet.writerow([number, genre, *_row(document.text, site, one, two), ""])
            answers.append("one" if original_first else "two")
    (out / "answers.json").write_text(json.dumps(answers) + "\n", encoding="utf-8")


def _row(text: str, site: Site, one: str, two: str) -> Iterator[str]:
    before, after = text[max(0, site.start - AROUND) : site.start], text[site.end :][:AROUND]
    for part in (before, one, two, after):
        yield " ".join(part.split())


def score(out: Path) -> str:
    """Return the table of a sheet that was filled in.

    Raises:
        ValueError: A judgement is missing or is not one.
    """
    answers = json.loads((out / "answers.json").read_text(encoding="utf-8"))
    with (out / "sheet.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    for row in rows:
        if row["judgement"] not in JUDGEMENTS:
            raise ValueError(
                f"row {row['n']}: wanted one of {', '.join(JUDGEMENTS)}, got {row['judgement']!r}"
            )
    verdicts = [
        verdict(row["judgement"], original) for row, original in zip(rows, answers, strict=True)
    ]
    return "\n".join([*_counts(rows, verdicts), "", *_rows(rows, answers, verdicts)]) + "\n"


def verdict(judgement: str, original: str) -> str:
    """Return what a judgement says of the word that was put in."""
    put_in = "two" if original == "one" else "one"
    if judgement in ("both", put_in):
        return "right"
    if judgement == f"false {put_in}":
        return "false"
    return "wrong" if judgement == original else "wrong before as well"


def _counts(rows: Sequence[dict[str, Any]], verdicts: Sequence[str]) -> Iterator[str]:
    genres = list(dict.fromkeys(sorted(row["genre"] for row in rows)))
    yield f"| the word put in is | {' | '.join(genres)} | all | 95 % interval |"
    yield "|---" * (len(genres) + 3) + "|"
    for name in VERDICTS:
        counts = Counter(
            row["genre"] for row, each in zip(rows, verdicts, strict=True) if each == name
        )
        low, high = binomtest(counts.total(), len(rows)).proportion_ci(method="exact")
        numbers = " | ".join(str(counts[genre]) for genre in genres)
        yield f"| {name} | {numbers} | {counts.total()} | {low:.1%} to {high:.1%} |"


def _rows(
    rows: Sequence[dict[str, Any]], answers: Sequence[str], verdicts: Sequence[str]
) -> Iterator[str]:
    yield "| n | text | original | put in | around it | verdict |"
    yield "|---|---|---|---|---|---|"
    for row, original, found in zip(rows, answers, verdicts, strict=True):
        other = "two" if original == "one" else "one"
        around = f"{row['before'][-60:]} … {row['after'][:60]}".replace("|", "/")
        words = f"{row[original]} | {row[other]}"
        yield f"| {row['n']} | {row['genre']} | {words} | {around} | {found} |"


if __name__ == "__main__":
    main()
