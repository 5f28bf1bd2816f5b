"""What runs record while they train, as one number a run: Spearman's coefficient of two curves, or of one with time."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from scipy import stats

from ablate.claims.statistics.bootstrap import Floats
from ablate.claims.study_rows import StudyRows
from ablate.study.claims.association import STEP

FEWEST_POINTS = 3
"""Fewer points have no coefficient"""

Curve = tuple[Floats, Floats]
"""times, values"""


def association(rows: StudyRows, first: str, second: str, run_ids: pd.Series) -> Floats:
    """Spearman's coefficient of two curves over each run's training; "step" is time itself.

    A curve that is constant goes with nothing: 0. NaN: fewer than three common points.
    """
    return np.array([spearman(*pair) for pair in aligned(rows, first, second, run_ids)], dtype=float)


def aligned(rows: StudyRows, first: str, second: str, run_ids: pd.Series) -> list[tuple[Floats, Floats]]:
    """The values of two curves of each run at common times, [points] each; "step" is time itself.

    Where one has more points than the other, its points since the other's last one are averaged: this is the smoothing
    of a loss against a metric that is only evaluated now and then.
    """
    known_curves = [None if name == STEP else _curves_of(rows, name) for name in (first, second)]
    pairs = []
    for run_id in run_ids:
        one, other = (None if known is None else known.get(run_id, _NOTHING) for known in known_curves)
        if one is None:
            one = (other[0], other[0])  # type: ignore[index]
        elif other is None:
            other = (one[0], one[0])
        pairs.append(_aligned(one, other))  # type: ignore[arg-type]
    return pairs


_NOTHING: Curve = (np.empty(0), np.empty(0))


def spearman(x: Floats, y: Floats) -> float:
    """Spearman's rank correlation, ties at midranks; 0 where either is constant, NaN for fewer than three points."""
    if len(x) < FEWEST_POINTS:
        return math.nan
    a, b = (stats.rankdata(values) - (len(values) + 1) / 2 for values in (x, y))
    size = math.sqrt(float(a @ a) * float(b @ b))
    return float(a @ b) / size if size else 0.0


def _curves_of(rows: StudyRows, name: str) -> dict[str, Curve]:
    if name not in rows.series:
        rows.series[name] = _curves(rows, name)
    return rows.series[name]


def _curves(rows: StudyRows, name: str) -> dict[str, Curve]:
    """run_id → times and values, ascending in time; not finite ones are left out. A curve first, else a probe."""
    points = rows.results.curves
    points = points[points["metric"] == name]
    if points.empty and "probe" in rows.results.probes.columns:
        probes = rows.results.probes
        points = probes[(probes["probe"] == name) & (probes["layer"].fillna("") == "")]
    points = points[np.isfinite(points["value"].to_numpy(dtype=float))]
    curves = {}
    for run_id, group in points.groupby("run_id", sort=False):
        time = group["generator_step"].to_numpy(dtype=float)
        if "critic_step" in group.columns and len(np.unique(time)) < len(time):  # a generator that is held fixed
            time = group["critic_step"].to_numpy(dtype=float)
        order = np.argsort(time, kind="stable")
        curves[str(run_id)] = (time[order], group["value"].to_numpy(dtype=float)[order])
    return curves


def _aligned(first: Curve, second: Curve) -> Curve:
    """The values of both at the times of the one with fewer points."""
    if len(first[0]) == len(second[0]) and (first[0] == second[0]).all():
        return first[1], second[1]
    if len(first[0]) < len(second[0]):
        return _aligned(second, first)[::-1]
    times, values = second
    place = np.searchsorted(times, first[0])  # the first point of the other that is not earlier
    known = place < len(times)
    count = np.bincount(place[known], minlength=len(times))
    total = np.bincount(place[known], weights=first[1][known], minlength=len(times))
    there = count > 0
    return total[there] / count[there], values[there]
