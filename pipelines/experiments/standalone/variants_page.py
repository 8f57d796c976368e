"""The page of `variants`: how often each kind occurs, how it reads, whether a model learns it."""

from collections.abc import Mapping
from typing import Any

from scipy.stats import binomtest

from pipelines.experiments.standalone.proof import TRAINING
from watermark.variants.find import DEFAULT_KINDS, KINDS

COMPARISON = 0.46
"""Effect of a site of a word in `reports/proof`, in nats."""


def describe(
    density: Mapping[str, Any], effects: Mapping[str, Any], reading: Mapping[str, Any]
) -> str:
    """Return the page.

    Args:
        density: For each genre its documents, words, and sites of each kind.
        effects: For each kind the effect of a coin on a model that was trained on the marks.
        reading: For each kind how many pairs were sorted rightly, and how many were read.
    """
    genres = list(density)
    total = effects["all"]
    lines = [
        "# Variants: how often, how visible, and whether a model learns them",
        "",
        "    python -m pipelines.experiments.standalone.variants count OUT NEWS.jsonl FICTION.jsonl"
        " ...",
        "    python -m pipelines.experiments.standalone.variants learn OUT",
        "    python -m pipelines.experiments.standalone.variants page OUT",
        "",
        "*Sites in 100 words*: "
        + "; ".join(
            f"{genre} {some['documents']} documents, {some['words']:,} words"
            for genre, some in density.items()
        )
        + ". *Sorted*: pairs of the original and the changed text, in random order, of which a "
        "reader said rightly which is the original; 95 % Clopper-Pearson interval. *Effect*: mean "
        "rise of the log-probability of the form that the key chose, in nats, of SmolLM2-135M "
        f"after {TRAINING.epochs:g} epoch at {TRAINING.learning_rate:g} on 300 news passages that "
        "were marked with all kinds and no words, with the base as reference and the adjustment "
        f"fitted to the kind alone; ± standard error. p is one-sided. All sites together: "
        f"{total['effect']:.2f} ± {total['standard_error']:.2f}, p = {total['pvalue']:.1g}; a site "
        f"of a word has {COMPARISON:g} in `reports/proof`.",
        "",
        f"| kind | {' | '.join(genres)} | sorted | sites | effect | p | default |",
        "|---|" + "---|" * (len(genres) + 5),
    ]
    for kind in KINDS:
        cells = [_per_100(density[genre], kind) for genre in genres]
        cells += [_sorted(reading.get(kind)), *_effect(effects[kind])]
        cells.append("yes" if kind in DEFAULT_KINDS else "no")
        lines.append(f"| {kind} | " + " | ".join(cells) + " |")
    sums = [f"{_rate(some, sum(some['sites'].values())):.2f}" for some in density.values()]
    lines.append("| all | " + " | ".join([*sums, "", *_effect(total), ""]) + " |")
    for name in ("decided by the corpus", "decided by the document"):
        blank = " | ".join([""] * len(genres))
        lines.append(f"| {name} | {blank} | | " + " | ".join(_effect(effects[name])) + " | |")
    return "\n".join(lines) + "\n"


def _rate(genre: Mapping[str, Any], sites: int) -> float:
    return float(100 * sites / genre["words"])


def _per_100(genre: Mapping[str, Any], kind: str) -> str:
    return f"{_rate(genre, genre['sites'].get(kind, 0)):.3f}"


def _sorted(counts: tuple[int, int] | None) -> str:
    if counts is None:
        return "not read"
    interval = binomtest(*counts).proportion_ci(0.95, method="exact")
    return f"{counts[0]} of {counts[1]} ({interval.low:.2f} to {interval.high:.2f})"


def _effect(found: Mapping[str, Any]) -> list[str]:
    if not found["sites"]:
        return ["0", "-", "-"]
    effect = f"{found['effect']:.2f} ± {found['standard_error'] or 0:.2f}"
    return [str(found["sites"]), effect, f"{found['pvalue']:.2g}"]
