"""The plot of how many documents are needed after each attack."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt

from pipelines.reporting.plots import SETTINGS


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
