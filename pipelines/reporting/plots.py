"""The pictures of reports, as PNG and SVG."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from numpy.typing import NDArray

from membership.evidence.result import TestResult
from membership.roc import Separation

matplotlib.use("Agg")

SETTINGS: Mapping[str, Any] = {
    "figure.figsize": (6.4, 3.4),
    "figure.dpi": 130,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "font.size": 10,
    "svg.hashsalt": "leximark",  # else element names differ from run to run
}
BLUE, ORANGE, GREY = "#3b6fb6", "#d1603d", "#b8b8b8"


def plot_null(result: TestResult, folder: Path, name: str) -> None:
    """Draw the statistic under fresh coins and the one that was observed."""
    with _figure(folder, name) as axes:
        axes.hist(result.null, bins=60, color=GREY)
        axes.axvline(result.statistic, color=ORANGE, linewidth=2)
        axes.annotate(
            f"observed\n{result.statistic:.3g}, p = {result.pvalue:.2g}",
            (result.statistic, 0.95),
            xycoords=("data", "axes fraction"),
            xytext=(-6 if result.zscore > 0 else 6, 0),
            textcoords="offset points",
            ha="right" if result.zscore > 0 else "left",
            va="top",
            color=ORANGE,
        )
        axes.set_xlabel(f"statistic under {result.n_resamples:,} re-draws")
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)


def plot_path(result: TestResult, alpha: float, folder: Path, name: str) -> None:
    """Draw the e-value after each draw, and the line that it has to cross."""
    with _figure(folder, name) as axes:
        axes.step(range(1, len(result.path) + 1), np.exp(result.path), color=BLUE, where="post")
        axes.axhline(1 / alpha, color=ORANGE, linewidth=1)
        axes.annotate(
            f"evidence: {1 / alpha:,.0f}", (0.01, 1 / alpha), xycoords=("axes fraction", "data"),
            va="bottom", color=ORANGE,
        )  # fmt: skip
        axes.set_yscale("log")
        axes.set_xlabel("draws of the key that were bet on")
        axes.set_ylabel("e-value")


def plot_scores(
    published: NDArray[np.float64],
    withheld: NDArray[np.float64],
    detector: str,
    folder: Path,
    name: str,
) -> None:
    """Draw the scores of published and of withheld documents over each other."""
    inside, outside = published[np.isfinite(published)], withheld[np.isfinite(withheld)]
    low, high = np.quantile(np.concatenate([inside, outside]), [0.005, 0.995])
    bins = np.linspace(low, high, 31).tolist()
    with _figure(folder, name) as axes:
        for scores, label, colour in (
            (outside, f"held out ({len(outside)})", GREY),
            (inside, f"published ({len(inside)})", BLUE),
        ):
            axes.hist(
                np.clip(scores, low, high),
                bins=bins,
                density=True,
                alpha=0.65,
                color=colour,
                label=label,
            )
        axes.set_xlabel(f"{detector} (higher: more likely trained on)")
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.legend(frameon=False)


def plot_roc(curves: Mapping[str, Separation], folder: Path, name: str) -> None:
    """Draw ROC curves with false-positive rates on a logarithmic scale."""
    least = min(1 / curve.n_nonmembers for curve in curves.values()) / 2
    with _figure(folder, name) as axes:
        for label, curve in curves.items():
            axes.step(
                np.maximum(curve.fpr_curve, least),
                curve.tpr_curve,
                where="post",
                label=f"{label} ({curve.auroc:.2f})",
            )
        chance = np.geomspace(least, 1, 50)
        axes.plot(chance, chance, color=GREY, linestyle=":")
        axes.set_xscale("log")
        axes.set_xlabel("false-positive rate")
        axes.set_ylabel("true-positive rate")
        axes.legend(frameon=False)


@contextmanager
def _figure(folder: Path, name: str) -> Iterator[Any]:
    from matplotlib.figure import Figure

    with matplotlib.rc_context(dict(SETTINGS)):
        figure = Figure(layout="constrained")
        yield figure.subplots()
        figure.savefig(folder / f"{name}.png")
        figure.savefig(folder / f"{name}.svg", metadata={"Date": None})
