import re
from xml.etree import ElementTree

import numpy as np
import pytest

from membership.evidence.strength import Strength
from pipelines.reporting.case.figures import null_figure, path_figure, strength_figure

NULL = np.random.default_rng(0).normal(size=5_000)


def drawn(svg):
    """Return the picture, which must be XML with nothing outside its frame."""
    root = ElementTree.fromstring(svg)
    _, _, width, height = map(float, root.attrib["viewBox"].split())
    for element in root:
        for name in ("x", "x1", "x2"):
            assert -1 <= float(element.get(name, 0)) <= width + 1
        for name in ("y", "y1", "y2"):
            assert -1 <= float(element.get(name, 0)) <= height + 1
    assert "nan" not in svg
    return root


@pytest.mark.parametrize("observed", [-9.0, 0.0, 12.0])
def test_the_observed_value_stands_where_its_number_is(observed):
    root = drawn(null_figure(NULL, observed))
    low, high = min(NULL.min(), observed), max(NULL.max(), observed)
    margin = 0.04 * (high - low)
    wanted = 56 + (616 - 56) * (observed - low + margin) / (high - low + 2 * margin)
    marker = next(e for e in root if e.get("stroke-width") == "2.5")
    assert float(marker.get("x1")) == pytest.approx(wanted, abs=0.06)


def test_the_bars_hold_the_whole_null():
    svg = null_figure(NULL, 12.0)
    drawn(svg)
    heights = [float(h) for h in re.findall(r'height="([\d.]+)" fill="#9aa3ad"', svg)]
    assert max(heights) == 172.0
    assert sum(heights) / 172 * np.histogram(NULL, 61, (NULL.min(), 12))[0].max() > 0


def test_bets_and_strength_are_drawn():
    root = drawn(path_figure([0.1 * i for i in range(2_000)], 0.001))
    (line,) = [e for e in root if e.tag == "polyline"]
    assert len(line.get("points").split()) <= 700
    drawn(path_figure([-0.5], 0.05))
    strength = [Strength(n, n**0.5 - 1, n**0.5, n**0.5 + 1) for n in (1, 2, 5, 10, 100, 5_000)]
    assert "5,000" in strength_figure(strength, 3.1)
    drawn(strength_figure(strength, 3.1))
