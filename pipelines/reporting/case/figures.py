"""Figures of the page as inline SVG; the same audit gives the same bytes."""

import math
from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from membership.evidence.strength import Strength

WIDTH, HEIGHT = 640, 250
LEFT, RIGHT, TOP, BOTTOM = 56, 616, 28, 200
N_BINS = 61
GREY, BLUE, RED = "#9aa3ad", "#2f5f9e", "#b3402a"


def null_figure(null: NDArray[np.float64], observed: float) -> str:
    """Return the histogram of the statistic under fresh keys, with the observed value."""
    low, high = min(float(null.min()), observed), max(float(null.max()), observed)
    margin = (high - low or 1.0) * 0.04
    low, high = low - margin, high + margin
    counts, edges = np.histogram(null, N_BINS, (low, high))
    tallest = int(counts.max())
    bars = [
        _rectangle(
            _across(edges[i], low, high),
            BOTTOM - (BOTTOM - TOP) * count / tallest,
            _across(edges[i + 1], low, high),
        )
        for i, count in enumerate(counts.tolist())
        if count
    ]
    at = _across(observed, low, high)
    side = "end" if at > (LEFT + RIGHT) / 2 else "start"
    shift = -8 if side == "end" else 8
    marker = (
        f'<line x1="{at:.1f}" y1="{TOP - 8}" x2="{at:.1f}" y2="{BOTTOM}" stroke="{RED}" '
        f'stroke-width="2.5"/>{_text(at + shift, TOP, f"this key: {observed:.3g}", side, RED)}'
    )
    ticks = [_tick(_across(value, low, high), f"{value:.3g}") for value in _nice(low, high)]
    label = _text((LEFT + RIGHT) / 2, HEIGHT - 8, "statistic T", "middle")
    return _svg(
        f"Histogram of the statistic under {len(null):,} fresh keys; this key gave {observed:.3g}.",
        [*bars, _axis(), *ticks, marker, label],
    )


def path_figure(path: Sequence[float], alpha: float) -> str:
    """Return the wealth after each bet on a logarithmic scale, and the line that is evidence."""
    goal = -math.log(alpha)
    low, high = min(0.0, *path), max(goal, *path) * 1.08
    step = max(1, len(path) // 600)
    shown = [(i, path[i]) for i in range(0, len(path), step)] + [(len(path) - 1, path[-1])]
    points = " ".join(
        f"{_across(i, 0, max(1, len(path) - 1)):.1f},{_up(value, low, high):.1f}"
        for i, value in shown
    )
    level = _up(goal, low, high)
    return _svg(
        f"Wealth after each of {len(path):,} bets; evidence is a factor of {1 / alpha:,.0f}.",
        [
            _axis(),
            f'<line x1="{LEFT}" y1="{level:.1f}" x2="{RIGHT}" y2="{level:.1f}" stroke="{RED}"/>',
            _text(LEFT + 6, level - 6, f"evidence: {1 / alpha:,.0f} times the stake", "start", RED),
            f'<polyline points="{points}" fill="none" stroke="{BLUE}" stroke-width="2"/>',
            _text((LEFT + RIGHT) / 2, HEIGHT - 8, "draws that were bet on", "middle"),
        ],
    )


def strength_figure(strength: Sequence[Strength], needed: float) -> str:
    """Return how the evidence grows with documents; `needed` is the z that the level asks for."""
    low = min(0.0, *(each.low for each in strength))
    high = max(needed, *(each.high for each in strength)) * 1.08
    last = math.log(strength[-1].n_documents) or 1.0
    across = [_across(math.log(each.n_documents), 0, last) for each in strength]
    upper = [f"{x:.1f},{_up(e.high, low, high):.1f}" for x, e in zip(across, strength, strict=True)]
    lower = [f"{x:.1f},{_up(e.low, low, high):.1f}" for x, e in zip(across, strength, strict=True)]
    middle = " ".join(
        f"{x:.1f},{_up(e.median, low, high):.1f}" for x, e in zip(across, strength, strict=True)
    )
    level = _up(needed, low, high)
    ticks = [
        _tick(x, f"{each.n_documents:,}")
        for i, (x, each) in enumerate(zip(across, strength, strict=True))
        if i in (0, len(strength) - 1)
        or (i % max(1, len(strength) // 6) == 0 and across[-1] - x > 40)
    ]
    return _svg(
        f"Evidence by number of documents, up to {strength[-1].n_documents:,}; the line is what "
        "the level asks for.",
        [
            _axis(),
            f'<polygon points="{" ".join([*upper, *lower[::-1]])}" fill="#d5e0ee"/>',
            f'<polyline points="{middle}" fill="none" stroke="{BLUE}" stroke-width="2"/>',
            f'<line x1="{LEFT}" y1="{level:.1f}" x2="{RIGHT}" y2="{level:.1f}" stroke="{RED}"/>',
            _text(LEFT + 6, level - 6, f"what the level asks for: {needed:.1f}", "start", RED),
            *ticks,
            *[_level(value, low, high) for value in _nice(low, high)],
            _text((LEFT + RIGHT) / 2, HEIGHT - 8, "documents", "middle"),
        ],
    )


def _svg(title: str, parts: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
        + "".join(parts)
        + "</svg>"
    )


def _across(value: float, low: float, high: float) -> float:
    return LEFT + (RIGHT - LEFT) * (value - low) / (high - low)


def _up(value: float, low: float, high: float) -> float:
    return BOTTOM - (BOTTOM - TOP) * (value - low) / (high - low)


def _rectangle(left: float, top: float, right: float) -> str:
    return (
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" '
        f'height="{BOTTOM - top:.1f}" fill="{GREY}"/>'
    )


def _axis() -> str:
    return f'<line x1="{LEFT}" y1="{BOTTOM}" x2="{RIGHT}" y2="{BOTTOM}" stroke="#444"/>'


def _tick(x: float, label: str) -> str:
    line = f'<line x1="{x:.1f}" y1="{BOTTOM}" x2="{x:.1f}" y2="{BOTTOM + 5}" stroke="#444"/>'
    return line + _text(x, BOTTOM + 18, label, "middle")


def _level(value: float, low: float, high: float) -> str:
    return _text(LEFT - 6, _up(value, low, high) + 4, f"{value:.3g}", "end")


def _text(x: float, y: float, text: str, anchor: str, colour: str = "#333") -> str:
    where = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}"'
    return f"<text {where}>{escape(text)}</text>"


def _nice(low: float, high: float) -> list[float]:
    """Return three to seven round numbers between two."""
    raw = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= raw)
    first = math.ceil(low / step)
    return [n * step for n in range(first, math.floor(high / step) + 1)]
