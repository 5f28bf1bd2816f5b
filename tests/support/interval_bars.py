"""Intervals of figures as they are given to matplotlib, recorded; and the center that they should have."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from scipy import stats

Interval = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, str]
"""Of one line: x, y, reach downward and upward, label"""


def recorded_intervals(monkeypatch: pytest.MonkeyPatch) -> list[Interval]:
    """A list that every line of intervals is added to, from now on."""
    intervals: list[Interval] = []
    unchanged = Axes.errorbar

    def errorbar(axes: Axes, x: np.ndarray, y: np.ndarray, reach: Any, **more: Any) -> Any:
        intervals.append((x, y, *reach, more["label"]))
        return unchanged(axes, x, y, reach, **more)

    monkeypatch.setattr(Axes, "errorbar", errorbar)
    return intervals


def log_center(values: np.ndarray) -> float:
    """The interquartile mean of logarithms, as SciPy computes it."""
    return math.exp(stats.trim_mean(np.log(values), 0.25))
