"""Least-squares lines of many runs at once."""

from __future__ import annotations

from ablate.claims.statistics.bootstrap import Floats


def slopes(x: Floats, y: Floats) -> Floats:
    """The slope of each row's line: x [points], y [rows, points] → [rows]; NaN where a value is missing."""
    centred = x - x.mean()
    slope: Floats = (y - y.mean(axis=1, keepdims=True)) @ centred / (centred @ centred)
    return slope
