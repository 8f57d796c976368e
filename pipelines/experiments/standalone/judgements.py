"""How often the first candidate is a word that an annotator wrote, without models.

    python -m pipelines.experiments.standalone.judgements FILE.tsv.gz --annotators 6 [--targets N]

FILE is CoInCo (Kremer et al., EACL 2014) or a set of SemEval-2007 task 10 (McCarthy & Navigli), as
public research code distributes them: annotators wrote what might stand for a word. Printed are
the share by coverage, and for comparison how often a word that one annotator wrote is one that
another wrote too. The targets are drawn with seed 0.
"""

import argparse
import csv
import gzip
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipelines.experiments.standalone.acceptability_fit import Row
from pipelines.loading.candidate_sources import load_lexical_resources
from watermark.schemes.leximark import LexiMark
from watermark.schemes.leximark_sites import LexicalResources, exclusion_reason
from watermark.substitution.acceptability import load_acceptability
from watermark.substitution.candidates import CandidateSettings
from watermark.substitution.features import TargetSenses
from watermark.substitution.objections import place_objection
from watermark.substitution.sources.wordnet import Described, describe
from watermark.substitution.target import Target
from watermark.substitution.wordnet import WordNet
from watermark.text.inflection import lemma_of
from watermark.text.sentences import read_sentences

COVERAGES = (0.05, 0.1, 0.15, 0.2, 0.3, 0.5)
TRAINED_ON = frozenset({"", "not rarer than the original", "too rare"})
"""Words that were rejected for no other reason are trained on; only the first kind is offered."""


@dataclass(frozen=True)
class Written:
    """A word in a sentence, and what annotators wrote for it."""

    sentence: str
    start: int
    pos: str
    votes: Mapping[str, int]
    """How many annotators wrote each substitute."""


def read_written(path: Path) -> Iterator[Written]:
    """Yield the targets of CoInCo or of SemEval-2007, as public research code distributes them."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            words = line["sentence"].split(" ")
            index = int(line["index"])
            start = len(" ".join(words[:index])) + (index > 0)
            votes: dict[str, int] = {}
            for part in filter(None, (line["substitutes"] or "").split(";")):
                word, _, count = part.strip().rpartition(" ")
                votes[word.lower()] = int(count)
            pos = line["target"].rpartition(".")[2][:1].lower()
            yield Written(line["sentence"], start, {"j": "a"}.get(pos, pos), votes)


def rows_of_written(
    resources: LexicalResources, written: list[Written], first: int, annotators: int
) -> Iterator[list[Row]]:
    """Yield the rows of each target that may be touched and is parsed as the annotators read it.

    A word is accepted by the share of annotators who wrote it; nobody was asked about others, and
    that nobody wrote a word says little against it, so it counts as zero.
    """
    texts = [one.sentence for one in written]
    for number, (one, sentences) in enumerate(
        zip(written, read_sentences(resources.nlp, texts), strict=True), first
    ):
        places = [(s, i) for s in sentences for i, w in enumerate(s) if w.start == one.start]
        if not places or places[0][0][places[0][1]].pos != one.pos:
            continue
        target = Target(one.sentence, *places[0])
        if exclusion_reason(resources.wordnet, target, [], LexiMark()):
            continue
        votes = {lemma_of(w, one.pos): n / annotators for w, n in one.votes.items()}
        yield rows_of(resources, number, target, votes, default=0.0)


def describe_all(wordnet: WordNet, target: Target) -> list[Described]:
    """Return the exchangeable words for a target, and those of WordNet that are not among them."""
    listed = describe(wordnet, target, CandidateSettings(), "listed")
    seen = {d.candidate.lemma for d in listed if not d.candidate.rejected}
    others = describe(wordnet, target, CandidateSettings())
    return [d for d in listed if d.candidate.lemma in seen] + [
        d for d in others if d.candidate.lemma not in seen
    ]


def rows_of(
    resources: LexicalResources,
    number: int,
    target: Target,
    votes: Mapping[str, float],
    default: float | None = None,
) -> list[Row]:
    """Return the words for a target with their features and what annotators say of them."""
    senses = TargetSenses(resources.wordnet, target)
    rows: list[Row] = []
    for described in describe_all(resources.wordnet, target):
        offer = described.candidate
        if offer.rejected not in TRAINED_ON:
            continue
        refused = offer.rejected or place_objection(target, offer.lemma, offer.surface)
        votes_for = votes.get(offer.lemma, votes.get(offer.surface.lower(), default))
        features = senses.features(offer.lemma, offer.surface)
        row = Row(number, target.word.lemma, offer.lemma, not refused, votes_for, features)
        rows.append(row)
    return rows


def first_candidates(rows: list[list[Row]]) -> list[tuple[float, bool]]:
    """Return each first candidate's probability and whether an annotator wrote it, sorted."""
    model = load_acceptability("fast")
    found: list[tuple[float, bool]] = []
    for some in rows:
        offered = [(model.probability(r.features), bool(r.accepted)) for r in some if r.offered]
        found += [max(offered)] if offered else []
    return sorted(found, reverse=True)


def agreement(written: list[Written]) -> float:
    """Return how often a word that one annotator wrote was written by another as well."""
    votes = [count for one in written for count in one.votes.values()]
    return sum(count for count in votes if count > 1) / sum(votes)


def main() -> None:
    """Read, judge, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("file", type=Path, help="targets with what annotators wrote")
    parser.add_argument("--annotators", type=int, required=True, help="how many each target had")
    parser.add_argument("--targets", type=int, default=6000, help="most targets that are read")
    arguments = parser.parse_args()
    written = list(read_written(arguments.file))
    order = np.random.default_rng(0).permutation(len(written))[: arguments.targets]
    drawn = [written[i] for i in order]
    resources = load_lexical_resources()
    rows = list(rows_of_written(resources, drawn, 0, arguments.annotators))
    found = first_candidates(rows)
    print(
        f"{len(drawn)} targets, {len(rows)} may be touched; "
        f"annotators agree with each other: {agreement(written):.1%}"
    )
    for coverage in COVERAGES:
        kept = found[: round(coverage * len(drawn))]
        print(f"{coverage:.0%}: {sum(wrote for _, wrote in kept) / len(kept):.1%} of {len(kept)}")


if __name__ == "__main__":
    main()
