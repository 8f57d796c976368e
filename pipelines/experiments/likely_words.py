"""Whether a language model tells which listed words a reader calls wrong.

    python -m pipelines.experiments.likely_words reports/marks/judged.jsonl [--sheets 90 91]

Each line of the file is a place of a blind sheet (`pipelines.experiments.reading`) with the word
that was put in and the verdicts of its readers. Printed is, for least gains of the passage as
quality `best` has one, how many words are left and how many of 200 readings call one wrong or
false; and the AUROC of the gain for words that any reader called so.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from membership.evidence.permutation import auroc
from pipelines.experiments.runner.summary import markdown_table
from pipelines.loading.candidate_sources import load_lexical_resources, load_reader
from watermark.substitution.model_features import LanguageModel
from watermark.substitution.sources.likely import MIN_GAIN
from watermark.substitution.target import Target
from watermark.text.sentences import read_sentences

LEAST_GAINS = (-np.inf, -6.0, -4.0, -3.0, MIN_GAIN, -1.0, 0.0)


@dataclass(frozen=True)
class JudgedPlace:
    """A place of a sheet, as its readers judged it."""

    before: str
    original: str
    put_in: str
    after: str
    verdicts: tuple[str, ...]

    @property
    def n_objections(self) -> int:
        """How many readers call the word that was put in wrong or false."""
        return sum(verdict in ("wrong", "false") for verdict in self.verdicts)


def main() -> None:
    """Read the places, run the model, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("places", type=Path)
    parser.add_argument("--sheets", nargs="+", help="seeds of the sheets; default: all")
    arguments = parser.parse_args()
    rows = map(json.loads, arguments.places.read_text(encoding="utf-8").splitlines())
    chosen = [row for row in rows if not arguments.sheets or str(row["sheet"]) in arguments.sheets]
    places = list(map(place_of, chosen))
    nlp = load_lexical_resources().nlp
    print("\n".join(describe(places, gains(places, nlp, load_reader()))))


def place_of(row: dict[str, Any]) -> JudgedPlace:
    """Return the place in a line of the file."""
    return JudgedPlace(
        row["before"], row["original"], row["put_in"], row["after"], tuple(row["verdicts"])
    )


def gains(places: Sequence[JudgedPlace], nlp: Any, reader: LanguageModel) -> NDArray[np.float64]:
    """Return by how much each passage gains from the word put in, in nats; NaN if it is no word."""
    texts = [place.before + place.original + place.after for place in places]
    found = np.full(len(places), np.nan)
    targets: dict[int, Target] = {}
    for number, (text, sentences) in enumerate(zip(texts, read_sentences(nlp, texts), strict=True)):
        start = len(places[number].before)
        for sentence in sentences:
            for index, word in enumerate(sentence):
                if (word.start, word.end) == (start, start + len(places[number].original)):
                    targets[number] = Target(text, sentence, index)
    contexts = [
        target.context_with(word)
        for number, target in targets.items()
        for word in (places[number].original, places[number].put_in)
    ]
    read = [likelihood.word + likelihood.rest for likelihood in reader.read(contexts)]
    for number, before, after in zip(targets, read[::2], read[1::2], strict=True):
        found[number] = after - before
    return found


def describe(places: Sequence[JudgedPlace], gain: NDArray[np.float64]) -> Iterator[str]:
    """Yield the lines of the table."""
    objections = np.array([place.n_objections for place in places])
    n_readers = len(places[0].verdicts)
    read = np.isfinite(gain)
    area = auroc(-gain[read & (objections > 0)], -gain[read & (objections == 0)])
    yield f"{read.sum()} of {len(places)} places were read; AUROC of the gain {area:.2f}."
    yield ""
    rows = []
    for least in LEAST_GAINS:
        kept = read & (gain >= least)
        n = n_readers * int(kept.sum())
        wrong = int(objections[kept].sum())
        low, high = (200 * bound for bound in binomtest(wrong, n).proportion_ci(method="exact"))
        share = f"{kept.sum() / read.sum():.0%}"
        per_200 = f"{200 * wrong / n:.1f} ({low:.1f} to {high:.1f})"
        rows.append([f"{least:g}", str(kept.sum()), share, per_200])
    yield from markdown_table(["least gain, nats", "words", "share", "wrong of 200 readings"], rows)


if __name__ == "__main__":
    main()
