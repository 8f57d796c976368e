"""Count what must never be put in: offensive words, opposites, wrong numbers, foreign spelling.

    python -m pipelines.experiments.standalone.word_faults OUT TEXTS.jsonl ... [--sites 5000]

Sites are found in the documents of each file in order until there are enough, with the default
settings of `leximark mark`. OUT gets a table of every site, and the counts. The checks are not
those of the product: other lists of offensive words (`--offensive`, one a line), the antonyms that
WordNet gives directly, and the number of nouns by another table.
"""

import argparse
import csv
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path

import inflect
from scipy.stats import binomtest

from pipelines.loading.candidate_sources import load_lexical_resources
from watermark.document import Document, Site
from watermark.schemes.leximark import LexiMark
from watermark.schemes.leximark_sites import LexicalResources, find_sites
from watermark.substitution.spelling import region_of, regions_of
from watermark.text.inflection import lemma_of

BATCH = 50
"""Number of documents read at a time."""
AROUND = 80
"""Characters to either side of a site that the table shows."""


@dataclass(frozen=True)
class Change:
    """A word and what stands for it."""

    genre: str
    original: str
    candidate: str
    before: str
    after: str
    faults: tuple[str, ...]


def main() -> None:
    """Find sites, check them and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("out", type=Path, help="folder for the table and the counts")
    parser.add_argument("texts", type=Path, nargs="+", help="JSON Lines with id and text")
    parser.add_argument("--sites", type=int, default=5_000, help="sites of each file")
    parser.add_argument("--offensive", type=Path, nargs="*", default=[], help="lists of words")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    resources = load_lexical_resources()
    listed = frozenset(
        word.strip().lower()
        for path in arguments.offensive
        for word in path.read_text(encoding="utf-8").splitlines()
    )
    changes = [
        change
        for path in arguments.texts
        for change in islice(find_changes(resources, path, listed), arguments.sites)
    ]
    write_table(arguments.out / "sites.tsv", changes)
    text = json.dumps(counts(changes), indent=1) + "\n"
    (arguments.out / "counts.json").write_text(text, encoding="utf-8")
    print(text)


def find_changes(
    resources: LexicalResources, path: Path, listed: frozenset[str]
) -> Iterator[Change]:
    """Yield the changes of a file's documents, with the faults that the checks find."""
    with path.open(encoding="utf-8") as file:
        documents = [Document(str(d["id"]), d["text"]) for d in map(json.loads, file)]
    for first in range(0, len(documents), BATCH):
        some = documents[first : first + BATCH]
        for document, sites in zip(some, find_sites(resources, some, LexiMark()), strict=True):
            for site in sites:
                yield _change(resources, path.stem, document, site, listed)


def _change(
    resources: LexicalResources,
    genre: str,
    document: Document,
    site: Site,
    listed: frozenset[str],
) -> Change:
    text, end = document.text, site.end
    original, candidate = site.candidates[0], site.candidates[1]
    old, new = original.split()[-1].lower(), candidate.split()[-1].lower()
    before, after = text[max(0, site.start - AROUND) : site.start], text[end : end + AROUND]
    faults = []
    if new in listed:
        faults.append("offensive")
    if _antonyms(resources, old) & _lemmas(new):
        faults.append("antonym")
    region = region_of(new)
    if region and region not in regions_of(text):
        faults.append("spelling")
    is_noun = site.draw.partition(":")[0].endswith(".n")
    if is_noun and _is_plural(old) != _is_plural(new):
        faults.append("number")
    return Change(genre, original, candidate, before, after, tuple(faults))


def _lemmas(word: str) -> set[str]:
    return {word, *(lemma_of(word, pos) for pos in "nvar")}


def _antonyms(resources: LexicalResources, word: str) -> set[str]:
    lemmas = {(lemma_of(word, pos), pos) for pos in "nvar"} | {(word, pos) for pos in "nvar"}
    return {other for pair in lemmas for other in resources.wordnet.antonyms(*pair)}


def _is_plural(word: str) -> bool:
    """Tell whether a noun is plural by the rules of `inflect`; the product asks lemminflect."""
    return not word.endswith(("ss", "us", "is")) and bool(_engine().singular_noun(word))


@cache
def _engine() -> inflect.engine:
    return inflect.engine()


def counts(changes: Sequence[Change]) -> dict[str, dict[str, float]]:
    """Return the number of sites and faults for each genre and in all, with intervals."""
    found: dict[str, dict[str, float]] = {}
    for genre in (*dict.fromkeys(c.genre for c in changes), "all"):
        some = [c for c in changes if genre in (c.genre, "all")]
        faults = Counter(fault for c in some for fault in c.faults)
        found[genre] = {"sites": len(some)}
        for fault in ("offensive", "antonym", "spelling", "number"):
            interval = binomtest(faults[fault], len(some)).proportion_ci()
            found[genre] |= {fault: faults[fault], f"{fault}_at_most": float(interval.high)}
    return found


def write_table(path: Path, changes: Sequence[Change]) -> None:
    """Write the sites, one per line, those with faults first."""
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, delimiter="\t")
        table.writerow(["genre", "original", "candidate", "faults", "context"])
        for c in sorted(changes, key=lambda c: not c.faults):
            context = f"{c.before}[{c.original}|{c.candidate}]{c.after}".replace("\n", " ")
            table.writerow([c.genre, c.original, c.candidate, ",".join(c.faults), context])


if __name__ == "__main__":
    main()
