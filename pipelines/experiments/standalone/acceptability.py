r"""Fit the chance of acceptance to human judgements, and measure it on targets it has not seen.

    python -m pipelines.experiments.standalone.acceptability SWORDS.json.gz OUT \
        --written COINCO.tsv.gz --written LS07.tsv.gz [--write]

SWORDS is the development set of Swords (Lee et al., NAACL 2021, github.com/p-lambda/swords): words
in contexts, each with substitutes and the votes of ten annotators or of three. What annotators
wrote of their own accord (see `judgements`) counts a little as well. `--write` puts the weights
into `watermark/substitution/acceptability.json`. Needs the assets `smollm2-135m` and `minilm`. What
the models read is kept in OUT, so that a second run is quick.

Two regressions are fitted. That of `fast` knows no model. That of `best` has its log-odds, on
targets it has not seen, and what the models say as features. Both are judged on targets they have
not seen: ten folds, all targets of a lemma in one fold. (Every sentence has one target, so no
sentence is in two folds either.)
"""

import argparse
import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from pipelines.experiments.standalone.acceptability_fit import (
    Floats,
    Row,
    calibrated,
    fit_and_measure,
    unseen_repeats,
    written_curve,
)
from pipelines.experiments.standalone.acceptability_page import describe_results, plot_curves
from pipelines.experiments.standalone.judgements import (
    describe_all,
    read_written,
    rows_of,
    rows_of_written,
)
from pipelines.jobs.candidates import TargetContext, locate
from pipelines.loading.candidate_sources import load_lexical_resources, load_models
from watermark.schemes.leximark import LexiMark
from watermark.schemes.leximark_sites import LexicalResources
from watermark.substitution.acceptability import FILE, AcceptabilityModel
from watermark.substitution.candidates import MIN_LISTED_FIT, Candidate
from watermark.substitution.features import Features
from watermark.substitution.model_features import model_features
from watermark.substitution.sources.wordnet import ModelledWordNetSource
from watermark.substitution.target import Target

SHOWN = ModelledWordNetSource.most_read
"""Words of a target that the models read, the best by the regression without models."""
TRAINED_ON = "Swords v1.1, development set; CoInCo, part a; SemEval-2007 task 10, trial set"
WRITTEN_WEIGHT = 0.03
"""Weight of a word that was written, or not written, against one that was judged: that nobody
thought of a word says little against it, and there are ten times as many."""
MOST_WRITTEN = 3_000
"""Targets of a file that are read, drawn with seed 0: more do not change the weights."""
ANNOTATORS = 6
"""Annotators of a word of CoInCo. Here only whether anyone wrote a word counts."""


@dataclass(frozen=True)
class JudgedTarget:
    """A word in its context, with WordNet's words for it."""

    number: int
    target: Target
    offers: tuple[Candidate, ...]
    rows: tuple[Row, ...]
    """One for each offer."""


def main() -> None:
    """Fit, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("swords", type=Path, help="the development set, as it comes")
    parser.add_argument("out", type=Path, help="folder for what was read and for the results")
    parser.add_argument(
        "--written", type=Path, action="append", default=[], help="CoInCo or SemEval-2007"
    )
    parser.add_argument("--write", action="store_true", help="put the weights into the package")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    n_targets, targets = describe_targets(arguments.swords)
    fast = [row for target in targets for row in target.rows]
    n_written, written = describe_written(arguments.written)
    unseen = unseen_repeats(fast, "fast", written)
    scores, _, _ = calibrated(fast, unseen)
    best = read_with_models(targets, scores, arguments.out / "read.json")
    results: dict[str, Any] = {"n_targets": n_targets, "n_open": len(targets)}
    weights: dict[str, Any] = {"trained_on": TRAINED_ON}
    weights["fast"], results["fast"] = fit_and_measure(fast, "fast", n_targets, unseen, written)
    weights["best"], results["best"] = fit_and_measure(
        best, "best", n_targets, unseen_repeats(best, "best")
    )
    if written:
        results["written"] = written_curve(fast, written, n_written)
    results["listed"] = count_listed([*fast, *written], weights["fast"])
    text = json.dumps(results, indent=1) + "\n"
    (arguments.out / "acceptance.json").write_text(text, encoding="utf-8")
    (arguments.out / "acceptance.md").write_text(describe_results(results), encoding="utf-8")
    plot_curves(results, arguments.out / "acceptance.png")
    if arguments.write:
        FILE.write_text(json.dumps(weights, indent=1) + "\n", encoding="utf-8")
    print(describe_results(results))


def count_listed(rows: Sequence[Row], fitted: Mapping[str, Any]) -> dict[str, list[int]]:
    """Return how many listed words annotators judged or could have written, and accepted.

    By whether their chance of acceptance, on the targets of the fit, reaches the threshold.
    """
    model = AcceptabilityModel(
        fitted["weights"], fitted["intercept"], fitted["threshold"], fitted["offer_threshold"]
    )
    found = {"below": [0, 0], "above": [0, 0]}
    for row in rows:
        if row.features["exchangeable"] and row.accepted is not None:
            below = model.probability(row.features) < MIN_LISTED_FIT
            counts = found["below" if below else "above"]
            counts[0] += 1
            counts[1] += row.accepted >= 0.5
    return found


def read_swords(path: Path) -> tuple[list[TargetContext], list[dict[str, float]]]:
    """Return the targets and, for each, the share of annotators who accept a substitute."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        data = json.load(file)
    places: list[TargetContext] = []
    votes: dict[str, dict[str, float]] = {}
    for name, target in data["targets"].items():
        text, start = data["contexts"][target["context_id"]]["context"], target["offset"]
        places.append(TargetContext(text, start, start + len(target["target"])))
        votes[name] = {}
    for name, substitute in data["substitutes"].items():
        labels = data["substitute_labels"][name]
        yes = sum(label in {"TRUE", "TRUE_IMPLICIT"} for label in labels)
        votes[substitute["target_id"]][substitute["substitute"].lower()] = yes / len(labels)
    return places, list(votes.values())


def describe_targets(path: Path) -> tuple[int, list[JudgedTarget]]:
    """Return the number of targets, and those that may be touched with what WordNet has."""
    places, votes = read_swords(path)
    resources = load_lexical_resources()
    found = [
        _target(resources, number, target, votes[number])
        for number, (target, reason) in enumerate(locate(resources, places, LexiMark()))
        if target is not None and not reason
    ]
    return len(places), found


def _target(
    resources: LexicalResources, number: int, target: Target, votes: Mapping[str, float]
) -> JudgedTarget:
    rows = rows_of(resources, number, target, votes)
    found = describe_all(resources.wordnet, target)
    candidates = {described.candidate.lemma: described.candidate for described in found}
    return JudgedTarget(number, target, tuple(candidates[r.candidate] for r in rows), tuple(rows))


def describe_written(files: Sequence[Path]) -> tuple[int, list[Row]]:
    """Return the number of targets for which annotators wrote words, and WordNet's words for them.

    A word counts as accepted if it was written at all.
    """
    resources = load_lexical_resources()
    n_targets, found = 0, list[Row]()
    for file in files:
        written = list(read_written(file))
        order = np.random.default_rng(0).permutation(len(written))[:MOST_WRITTEN]
        written = [written[i] for i in order]
        for rows in rows_of_written(resources, written, n_targets, ANNOTATORS):
            found += [
                replace(row, accepted=float(bool(row.accepted)), weight=WRITTEN_WEIGHT)
                for row in rows
            ]
        n_targets += len(written)
    return n_targets, found


def read_with_models(targets: Sequence[JudgedTarget], scores: Floats, kept: Path) -> list[Row]:
    """Return the most promising rows with what models say, and the log-odds without models."""
    ends = np.cumsum([len(target.rows) for target in targets])
    parts = np.split(scores, ends[:-1])
    shown = [_promising(*pair) for pair in zip(targets, parts, strict=True)]
    read: dict[str, Features] = json.loads(kept.read_text("utf-8")) if kept.exists() else {}
    unread = [
        (target, [target.offers[i] for i in some if _key(target, i) not in read])
        for target, some in zip(targets, shown, strict=True)
    ]
    if any(offers for _, offers in unread):
        words = [target.target for target, _ in unread]
        found = model_features(load_models(), words, [offers for _, offers in unread])
        for (target, offers), some in zip(unread, found, strict=True):
            names = [f"{target.number} {offer.lemma}" for offer in offers]
            read.update(zip(names, some, strict=True))
        kept.write_text(json.dumps(read), encoding="utf-8")
    return [
        replace(target.rows[i], features={"fast": float(part[i]), **read[_key(target, i)]})
        for target, part, some in zip(targets, parts, shown, strict=True)
        for i in some
    ]


def _key(target: JudgedTarget, i: int) -> str:
    return f"{target.number} {target.offers[i].lemma}"


def _promising(target: JudgedTarget, scores: Floats) -> list[int]:
    order = np.argsort(-scores, kind="stable")
    return [int(i) for i in order if target.rows[i].offered][:SHOWN]


if __name__ == "__main__":
    main()
