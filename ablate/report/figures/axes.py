"""Axes of the page's figures: limits, few ticks with plain numbers, and labels."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator

from ablate.results import numbers


def set_axis(axes: Axes, which: str, low: float, high: float, logarithmic: bool) -> None:
    """The limits of the x or y axis, and few ticks with plain numbers."""
    axis = axes.xaxis if which == "x" else axes.yaxis
    if logarithmic:
        (axes.set_xscale if which == "x" else axes.set_yscale)("log")
        decades = np.log10(high / low)
        if decades < 0.7:
            axis.set_major_locator(MaxNLocator(4))
        else:
            subs = (1.0,) if decades > 3 else (1.0, 3.0) if decades > 1.5 else (1.0, 2.0, 5.0)
            axis.set_major_locator(LogLocator(subs=subs, numticks=8))
        axis.set_minor_locator(NullLocator())
        axis.set_minor_formatter(NullFormatter())
    else:
        axis.set_major_locator(MaxNLocator(5))
    axis.set_major_formatter(FuncFormatter(lambda value, _: numbers.number(value)))
    (axes.set_xlim if which == "x" else axes.set_ylim)(low, high)


def value_range(values: np.ndarray, logarithmic: bool, diverged: bool) -> tuple[float, float, float]:
    """Left and right end of the axis, and the place of diverged runs, on the right of all others."""
    low, high = float(values.min()), float(values.max())
    if logarithmic:
        low, high = np.log(low), np.log(high)
    pad = 0.06 * (high - low) or (0.1 if logarithmic else 0.1 * max(abs(high), 1.0))
    left, right = low - pad, high + (3.2 if diverged else 1.0) * pad
    edge = right - 0.6 * pad
    if logarithmic:
        left, right, edge = np.exp([left, right, edge])
    return float(left), float(right), float(edge)


def way(better: str) -> str:
    """Which values of a metric are better, to stand after its name."""
    return {"less": " (lower is better)", "greater": " (higher is better)"}.get(better, "")


def value_label(metric: str, better: str, logarithmic: bool) -> str:
    """What stands at an axis of a metric's values."""
    return f"{metric}{way(better)}{', logarithmic' if logarithmic else ''}"


def is_logarithmic(values: np.ndarray, scale: str) -> bool:
    """Whether values are shown on a logarithmic axis: they are compared by ratios, and none is 0 or less."""
    return scale == "ratio" and bool((values > 0).all())
