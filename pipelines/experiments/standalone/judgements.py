"""What people think of substitutes: three public data sets, read into rows of features.

Swords v1.1 (Lee et al., NAACL 2021) asks annotators about substitutes; CoInCo (Kremer et al., EACL
2014) and the trial set of SemEval-2007 task 10 (McCarthy & Navigli) let them write their own. Only
what is fitted to them is kept in the package, never the data.
"""

import csv
import gzip
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from watermark.schemes.leximark import LexicalResources
from watermark.substitution.candidates import CandidateSettings
from watermark.substitution.features import TargetSenses
from watermark.substitution.objections import place_objection
from watermark.substitution.sources.wordnet import describe
from watermark.substitution.target import Target
from watermark.text.inflection import lemma_of
from watermark.text.sentences import read_sentences

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


@dataclass(frozen=True)
class Row:
    """A word that might stand for a target."""

    target: int
    lemma: str
    """Of the target."""
    candidate: str
    offered: bool
    """Whether its form, rarity and register let it be offered."""
    accepted: float | None
    """Share of the annotators who accept it; None if they were not asked."""
    features: Mapping[str, float]


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
    """Yield the rows of each target that the parser finds with the same part of speech.

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
        votes = {lemma_of(w, one.pos): n / annotators for w, n in one.votes.items()}
        yield rows_of(resources, number, target, votes, default=0.0)


def rows_of(
    resources: LexicalResources,
    number: int,
    target: Target,
    votes: Mapping[str, float],
    default: float | None = None,
) -> list[Row]:
    """Return WordNet's words for a target with their features and what annotators say of them."""
    senses = TargetSenses(resources.wordnet, target)
    rows: list[Row] = []
    for described in describe(resources.wordnet, target, CandidateSettings()):
        offer = described.candidate
        if offer.rejected not in TRAINED_ON:
            continue
        refused = offer.rejected or place_objection(target, offer.lemma, offer.surface)
        votes_for = votes.get(offer.lemma, votes.get(offer.surface.lower(), default))
        features = senses.features(offer.lemma, offer.surface)
        row = Row(number, target.word.lemma, offer.lemma, not refused, votes_for, features)
        rows.append(row)
    return rows
