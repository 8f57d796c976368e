"""Fit the chance of acceptance to human judgements, and measure it on targets it has not seen.

    python -m pipelines.experiments.standalone.acceptability SWORDS.json.gz OUT [--write]

SWORDS is the development set of Swords (Lee et al., NAACL 2021, github.com/p-lambda/swords): words
in contexts, each with substitutes and the votes of ten annotators or of three. `--write` puts the
weights into `watermark/substitution/acceptability.json`. Needs the assets `smollm2-135m` and
`minilm`. What the models read is kept in OUT, so that a second run is quick.

Two regressions are fitted, without models and with them, and judged on targets they have not seen:
ten folds, all targets of a lemma in one fold. (Every sentence has one target, so no sentence is in
two folds either.)
"""

import argparse
import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest
from sklearn.linear_model import LogisticRegression

from pipelines.jobs.candidates import TargetContext, locate
from pipelines.loading.candidate_sources import load_lexical_resources, load_models
from pipelines.reporting.plots import BLUE, ORANGE, SETTINGS
from watermark.schemes.leximark import LexicalResources, LexiMark
from watermark.substitution.acceptability import FILE, Quality
from watermark.substitution.candidates import Candidate, CandidateSettings
from watermark.substitution.features import Features, TargetSenses
from watermark.substitution.model_features import model_features
from watermark.substitution.sources.wordnet import ModelledWordNetSource, describe
from watermark.substitution.target import Target

Floats = NDArray[np.float64]

FOLDS, REPEATS = 10, 10
"""Folds, and how often lemmas are dealt into them anew; what is reported is the mean."""
PENALTY: dict[Quality, float] = {"fast": 0.001, "best": 0.01}
"""C of the regression over standardised features: strong, so that features that say alike share."""
SHOWN = ModelledWordNetSource.most_read
"""Words of a target that the models read, the best by the regression without models."""
COVERAGES = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5)
OFFER_COVERAGE: dict[Quality, float] = {"fast": 0.25, "best": 0.25}
"""Share of all targets that keep a candidate when candidates are shown."""
MARK_COVERAGE: dict[Quality, float] = {"fast": 0.12, "best": 0.15}
"""Share when texts are marked: fewer, since text has more words than marks are wanted."""
TRAINED_ON = frozenset({"", "not rarer than the original", "too rare"})
"""Words that were rejected for no other reason are trained on; only the first kind is offered."""


@dataclass(frozen=True)
class Row:
    """A word that might stand for a target."""

    target: int
    target_lemma: str
    candidate: str
    offered: bool
    """Whether its form, rarity and register let it be offered."""
    accepted: float | None
    """Share of the annotators who accept it; None if they were not asked."""
    features: Mapping[str, float]


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
    parser.add_argument("--write", action="store_true", help="put the weights into the package")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    n_targets, targets = describe_targets(arguments.swords)
    fast = [row for target in targets for row in target.rows]
    best = read_with_models(targets, unseen_scores(fast, "fast"), arguments.out / "read.json")
    results: dict[str, Any] = {"n_targets": n_targets, "n_open": len(targets)}
    weights: dict[str, Any] = {"trained_on": "Swords v1.1, development set"}
    rows_of: dict[Quality, list[Row]] = {"fast": fast, "best": best}
    for quality, rows in rows_of.items():
        weights[quality], results[quality] = fit_and_measure(rows, quality, n_targets)
    text = json.dumps(results, indent=1) + "\n"
    (arguments.out / "acceptance.json").write_text(text, encoding="utf-8")
    (arguments.out / "acceptance.md").write_text(describe_results(results), encoding="utf-8")
    plot_curves(results, arguments.out / "acceptance.png")
    if arguments.write:
        FILE.write_text(json.dumps(weights, indent=1) + "\n", encoding="utf-8")
    print(describe_results(results))


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
    senses = TargetSenses(resources.wordnet, target)
    found = [d.candidate for d in describe(resources.wordnet, target, CandidateSettings())]
    offers = tuple(candidate for candidate in found if candidate.rejected in TRAINED_ON)
    rows = tuple(
        Row(
            number,
            target.word.lemma,
            offer.lemma,
            not offer.rejected,
            votes.get(offer.lemma, votes.get(offer.surface.lower())),
            senses.features(offer.lemma, offer.surface),
        )
        for offer in offers
    )
    return JudgedTarget(number, target, offers, rows)


def read_with_models(targets: Sequence[JudgedTarget], scores: Floats, kept: Path) -> list[Row]:
    """Return the most promising rows with the features that models add."""
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
        replace(target.rows[i], features={**target.rows[i].features, **read[_key(target, i)]})
        for target, some in zip(targets, shown, strict=True)
        for i in some
    ]


def _key(target: JudgedTarget, i: int) -> str:
    return f"{target.number} {target.offers[i].lemma}"


def _promising(target: JudgedTarget, scores: Floats) -> list[int]:
    order = np.argsort(-scores, kind="stable")
    return [int(i) for i in order if target.rows[i].offered][:SHOWN]


def fit_and_measure(
    rows: Sequence[Row], quality: Quality, n_targets: int
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the regression as the package keeps it, and what it does on unseen targets."""
    curves = []
    for seed in range(REPEATS):
        scores = unseen_scores(rows, quality, seed)
        curves.append({rank: curve(rows, scores, n_targets, rank) for rank in (0, 1)})
    known, scale, shift = _calibration(rows, quality)
    weights, intercept = _fit(rows, PENALTY[quality])
    names = list(rows[0].features)
    tops = sorted(_ranked(rows, scale * known + shift, 0), reverse=True)
    offer = _chance(tops[round(OFFER_COVERAGE[quality] * n_targets) - 1][0])
    mark = _chance(tops[round(MARK_COVERAGE[quality] * n_targets) - 1][0])
    stored = {
        "weights": {n: float(f"{w * scale:.5g}") for n, w in zip(names, weights, strict=True)},
        "intercept": float(f"{intercept * scale + shift:.5g}"),
        "threshold": round(mark, 2),
        "offer_threshold": round(offer, 2),
    }
    return stored, {"first": _mean([c[0] for c in curves]), "second": _mean([c[1] for c in curves])}


def unseen_scores(rows: Sequence[Row], quality: Quality, seed: int = 0) -> Floats:
    """Return log-odds of acceptance, each from a regression that saw no target of the lemma."""
    lemmas = sorted({row.target_lemma for row in rows})
    dealt = np.random.default_rng(seed).permutation(len(lemmas)) % FOLDS
    fold = dict(zip(lemmas, dealt, strict=True))
    folds = np.array([fold[row.target_lemma] for row in rows])
    X = _matrix(rows)
    scores = np.zeros(len(rows))
    for number in range(FOLDS):
        seen = [row for row, k in zip(rows, folds, strict=True) if k != number]
        weights, intercept = _fit(seen, PENALTY[quality])
        scores[folds == number] = X[folds == number] @ weights + intercept
    return scores


def _matrix(rows: Sequence[Row]) -> Floats:
    return np.array([list(row.features.values()) for row in rows], dtype=np.float64)


def _fit(rows: Sequence[Row], penalty: float) -> tuple[Floats, float]:
    """Fit to the votes; return weights and intercept in the units of the features.

    A word that nobody was asked about says nothing.
    """
    asked = [row for row in rows if row.accepted is not None]
    X, votes = _matrix(asked), np.array([row.accepted for row in asked], dtype=np.float64)
    mean, spread = X.mean(0), X.std(0)
    spread[spread == 0] = 1.0
    Z = (X - mean) / spread
    fitted = LogisticRegression(C=penalty, max_iter=1000)
    labels = np.repeat([1, 0], len(asked))
    fitted.fit(np.vstack([Z, Z]), labels, sample_weight=np.concatenate([votes, 1 - votes]))
    weights = fitted.coef_[0] / spread
    return weights, float(fitted.intercept_[0] - weights @ mean)


def _calibration(rows: Sequence[Row], quality: Quality) -> tuple[Floats, float, float]:
    """Return unseen scores, and the line that makes of them log-odds of a vote for the word."""
    scores = np.mean([unseen_scores(rows, quality, seed) for seed in range(REPEATS)], axis=0)
    asked = np.array([row.accepted is not None and row.offered for row in rows])
    votes = np.array([row.accepted or 0.0 for row in rows])[asked]
    column = np.tile(scores[asked], 2)[:, None]
    line = LogisticRegression(C=1e6)
    labels = np.repeat([1, 0], asked.sum())
    line.fit(column, labels, sample_weight=np.concatenate([votes, 1 - votes]))
    return scores, float(line.coef_[0, 0]), float(line.intercept_[0])


def _ranked(rows: Sequence[Row], scores: Floats, rank: int) -> list[tuple[float, float]]:
    """Return score and votes (-1: not asked) of each target's candidate of a rank, 0 the first."""
    offered: dict[int, list[tuple[float, float]]] = {}
    for row, score in zip(rows, scores, strict=True):
        if row.offered:
            votes = -1.0 if row.accepted is None else row.accepted
            offered.setdefault(row.target, []).append((float(score), votes))
    return [sorted(some, reverse=True)[rank] for some in offered.values() if len(some) > rank]


def curve(rows: Sequence[Row], scores: Floats, n_targets: int, rank: int) -> list[dict[str, float]]:
    """Return acceptance of the candidate of a rank against the share of targets that have one.

    A word is acceptable if at least half of its annotators say so.
    """
    found = sorted(_ranked(rows, scores, rank), reverse=True)
    points = []
    for coverage in COVERAGES:
        kept = [votes for _, votes in found[: round(coverage * n_targets)]]
        if len(kept) < round(coverage * n_targets):
            break
        asked = [votes for votes in kept if votes >= 0]
        good = sum(votes >= 0.5 for votes in asked)
        points.append(
            {
                "coverage": coverage,
                "judged": good / max(1, len(asked)),
                "strict": good / len(kept),
                "n": len(kept),
                "n_judged": len(asked),
            }
        )
    return points


def _mean(curves: Sequence[Sequence[Mapping[str, float]]]) -> list[dict[str, float]]:
    return [
        {name: float(np.mean([point[name] for point in points])) for name in points[0]}
        for points in zip(*curves, strict=False)
    ]


def _chance(log_odds: float) -> float:
    return float(1 / (1 + np.exp(-log_odds)))


def describe_results(results: Mapping[str, Any]) -> str:
    """Return the page that stands beside the numbers."""
    lines = [
        "# Are the marks acceptable? Human judgements on targets not seen",
        "",
        f"{results['n_targets']} targets of the Swords development set, of which "
        f"{results['n_open']} may be touched at all. A word is acceptable if at least half "
        "of its annotators say so. *Judged*: share of the acceptable among the words that "
        "annotators were asked about. *Strict*: words that nobody was asked about count as wrong. "
        "*Coverage*: share of all targets that keep a candidate at a threshold. Means over "
        f"{REPEATS} divisions into {FOLDS} folds by lemma; 95 % Clopper-Pearson intervals of the "
        "judged.",
        "",
        "    python -m pipelines.experiments.standalone.acceptability swords-v1.1_dev.json.gz OUT",
        "",
    ]
    for quality in ("fast", "best"):
        for rank in ("first", "second"):
            lines += [f"## `--quality {quality}`, {rank} candidate", ""]
            lines += ["| coverage | judged | strict | judged words |", "|---|---|---|---|"]
            lines += [
                f"| {p['coverage']:.0%} | {p['judged']:.1%} ({_interval(p)}) | {p['strict']:.1%} | "
                f"{p['n_judged']:.0f} of {p['n']:.0f} |"
                for p in results[quality][rank]
            ]
            lines.append("")
    lines += ["![Quality against coverage](acceptance.png)", ""]
    return "\n".join(lines)


def _interval(point: Mapping[str, float]) -> str:
    n = round(point["n_judged"])
    interval = binomtest(round(point["judged"] * n), n).proportion_ci(0.95, method="exact")
    return f"{interval.low:.0%} to {interval.high:.0%}"


def plot_curves(results: Mapping[str, Any], path: Path) -> None:
    """Draw quality against coverage, one panel for the first and one for the second candidate."""
    with plt.rc_context(dict(SETTINGS)):
        figure, panels = plt.subplots(1, 2, figsize=(8, 3.4), sharey=True)
        for panel, rank in zip(panels, ("first", "second"), strict=True):
            for quality, colour in (("best", BLUE), ("fast", ORANGE)):
                for measure, style in (("judged", "-"), ("strict", "--")):
                    points = results[quality][rank]
                    panel.plot(
                        [point["coverage"] for point in points],
                        [point[measure] for point in points],
                        style,
                        color=colour,
                        label=f"{quality}, {measure}",
                    )
            panel.set(title=f"{rank} candidate", xlabel="coverage", ylim=(0, 1.02))
        panels[0].set_ylabel("acceptable")
        panels[0].legend(fontsize=8)
        figure.tight_layout()
        figure.savefig(path, metadata={"Software": None})
        plt.close(figure)


if __name__ == "__main__":
    main()
