"""The picture of how many documents a test needs."""

from pathlib import Path

import matplotlib.pyplot as plt

from pipelines.experiments.records import Row
from pipelines.experiments.summary import mean_of, names, select_rows
from pipelines.plots import SETTINGS


def plot_power(rows: list[Row], path: Path) -> None:
    """Draw power against the number of documents, one panel a test, one line an arm."""
    powers = select_rows(rows, measure="power")
    tests = names(powers, "of")
    if not tests:
        return
    with plt.rc_context(dict(SETTINGS)):
        figure, panels = plt.subplots(
            1, len(tests), figsize=(3.2 * len(tests), 3), sharey=True, squeeze=False
        )
        for panel, test in zip(panels[0], tests, strict=True):
            for arm in names(powers, "arm"):
                some = select_rows(powers, of=test, arm=arm)
                sizes = sorted({row["n"] for row in some})
                means = [mean_of(r["value"] for r in select_rows(some, n=n)).value for n in sizes]
                panel.plot(sizes, means, marker=".", label=arm)
            panel.set(title=test, xlabel="documents", ylim=(-0.02, 1.02))
        panels[0][0].set_ylabel("power at p < .001")
        panels[0][-1].legend(fontsize=6)
        figure.tight_layout()
        figure.savefig(path, metadata={"Date": None})
        plt.close(figure)
