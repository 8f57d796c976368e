"""The page and the plot of `acceptability`: quality against coverage."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
from scipy.stats import binomtest

from pipelines.experiments.standalone.acceptability_fit import FOLDS, REPEATS
from pipelines.reporting.plots import BLUE, ORANGE, SETTINGS


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
        "judged. They take targets for independent, but a lemma has up to twelve: at 20 % the "
        "interval that draws lemmas anew is given as well.",
        "",
        "    python -m pipelines.experiments.standalone.acceptability \\",
        "        swords-v1.1_dev.json.gz OUT --written coinco_part_a.tsv.gz \\",
        "        --written ls07_trial.tsv.gz",
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
        low_high = (f"{m} {a:.0%} to {b:.0%}" for m, (a, b) in results[quality]["interval"].items())
        lines += [f"At 20 %, first candidate, lemmas drawn anew: {', '.join(low_high)}.", ""]
    lines += _written(results.get("written", []))
    lines += ["![Quality against coverage](acceptance.png)", ""]
    return "\n".join(lines)


def _written(points: Sequence[Mapping[str, float]]) -> list[str]:
    """Return the table of what annotators wrote of their own accord."""
    if not points:
        return []
    lines = ["## Words that annotators wrote, `--quality fast`", ""]
    lines += [
        "Share of first candidates that at least one annotator wrote, on lemmas not seen.",
        "",
    ]
    lines += ["| coverage | written | words |", "|---|---|---|"]
    lines += [f"| {p['coverage']:.0%} | {p['strict']:.1%} | {p['n']:.0f} |" for p in points]
    return [*lines, ""]


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
