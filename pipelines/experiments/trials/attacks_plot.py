"""The plots of how many documents are needed after each attack."""

from collections.abc import Mapping, Sequence
from math import log10
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from pipelines.reporting.plots import SETTINGS

MOST = 1e4
"""From this number of documents on the heat map has one colour."""
DARK = 300
"""From this number on the colour is so dark that words on it are white."""


def plot_documents_needed(names: Sequence[str], needed: Sequence[float], path: Path) -> None:
    """Draw one bar per attack on a logarithmic scale; an infinite number has no bar.

    Args:
        names: Attack and strength, in the order from top to bottom.
        needed: Documents needed; infinite where no number is enough.
        path: File to write the plot to.
    """
    finite = [(name, n) for name, n in zip(names, needed, strict=True) if n < float("inf")]
    if not finite:
        return
    with plt.rc_context(dict(SETTINGS)):
        figure, axes = plt.subplots(figsize=(7, 0.6 + 0.19 * len(finite)))
        axes.barh([name for name, _ in finite][::-1], [n for _, n in finite][::-1])
        axes.set(xscale="log", xlabel="documents needed (p < .001, power .8, with the base)")
        axes.tick_params(axis="y", labelsize=6)
        figure.tight_layout()
        figure.savefig(path, metadata={"Date": None})
        plt.close(figure)


def plot_heat_map(needed: Mapping[tuple[str, str], float], path: Path) -> None:
    """Draw a row per attack and in it a field per strength, the strongest on the right.

    Args:
        needed: Documents needed by attack and strength; infinite where no number is enough.
        path: File to write the plot to.
    """
    attacks = dict[str, list[tuple[float, str]]]()
    for (attack, strength), n in needed.items():
        attacks.setdefault(attack, []).append((n, strength))
    rows = sorted(attacks.items(), key=lambda row: -max(row[1])[0])
    width = max(len(fields) for _, fields in rows)
    colours = np.full((len(rows), width), np.nan)
    with plt.rc_context(dict(SETTINGS)):
        figure, axes = plt.subplots(figsize=(2 + 2.2 * width, 0.8 + 0.36 * len(rows)))
        for row, (_, fields) in enumerate(rows):
            for column, (n, strength) in enumerate(sorted(fields), start=width - len(fields)):
                colours[row, column] = log10(min(n, MOST))
                count = f"{n:,.0f}" if n < MOST else f"over {MOST:,.0f}"
                ink = "white" if n > DARK else "black"
                words = f"{count}\n{strength}"
                axes.text(column, row, words, ha="center", va="center", fontsize=5, color=ink)
        shown = axes.imshow(colours, cmap="YlOrRd", aspect="auto", vmin=0, vmax=log10(MOST))
        axes.set_yticks(range(len(rows)), [name for name, _ in rows], fontsize=6)
        axes.set_xticks([])
        axes.grid(visible=False)
        bar = figure.colorbar(shown, ax=axes, ticks=range(int(log10(MOST)) + 1))
        bar.ax.set_yticklabels([f"{10**power:,}" for power in range(int(log10(MOST)) + 1)])
        bar.set_label("documents needed")
        figure.tight_layout()
        figure.savefig(path, metadata={"Date": None})
        plt.close(figure)
