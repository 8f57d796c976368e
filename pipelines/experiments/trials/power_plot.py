"""The plot of how many documents a test needs."""

from pathlib import Path

import matplotlib.pyplot as plt

from pipelines.experiments.runner.records import Row
from pipelines.experiments.runner.summary import mean_of, names, select_rows
from pipelines.experiments.trials.measures import ALPHA, power_name
from pipelines.reporting.plots import SETTINGS


def plot_power(rows: list[Row], path: Path) -> bool:
    """Draw power against the number of documents, a panel for each test, a line for each arm.

    Returns:
        Whether there was any power to draw.
    """
    powers = select_rows(rows, measure=power_name(ALPHA))
    tests = names(powers, "of")
    if not tests:
        return False
    with plt.rc_context(dict(SETTINGS)):
        figure, panels = plt.subplots(
            1, len(tests), figsize=(3.2 * len(tests), 3), sharey=True, squeeze=False
        )
        for panel, test in zip(panels[0], tests, strict=True):
            for arm in names(powers, "arm"):
                some = select_rows(powers, of=test, arm=arm)
                sizes = sorted({row["at"] for row in some})
                means = [mean_of(r["value"] for r in select_rows(some, at=n)).value for n in sizes]
                panel.plot(sizes, means, marker=".", label=arm)
            panel.set(title=test, xlabel="documents", ylim=(-0.02, 1.02))
        panels[0][0].set_ylabel(f"power at p < {ALPHA:g}")
        panels[0][-1].legend(fontsize=6)
        figure.tight_layout()
        figure.savefig(path, metadata={"Date": None})
        plt.close(figure)
    return True
