"""How a run behaved late in its training: its level, how rough its curve was, and whether it still moved.

The last evaluation alone is one noisy value; of points, log fid spreads as widely within a run as between seeds. So the
tail averages the last third of the evaluations, as Mescheder et al. (2018) average late iterates' values, and roughness
and slope are of log fid, so that neither depends on the level.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ablate.metrics.stability import TrainingRecord
from ablate.registry import register

FEWEST = 3
"""Evaluations in a part of the run below which nothing is said of it"""


def late(record: TrainingRecord, metric: str, part: int) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Steps and log values of the last 1/`part` of the evaluations, rounded down.

    None where there are fewer than 3, or where a value is not finite and positive.
    """
    count = len(record.steps) // part
    values = np.array(record.curves.get(metric, ())[-count:], dtype=float)
    if count < FEWEST or not len(values) or not (np.isfinite(values) & (values > 0)).all():
        return None
    return np.array(record.steps[-count:], dtype=float), np.log(values)


def _tail(record: TrainingRecord, metric: str) -> float:
    part = late(record, metric, 3)
    return math.nan if part is None else float(np.exp(part[1].mean()))


@register("stability", "tail_fid", better="less", scale="ratio", needs=("features", "generator", "evaluated_9"))
def tail_fid(record: TrainingRecord) -> float:
    """Geometric mean of fid over the last third of the evaluations."""
    return _tail(record, "fid")


@register("stability", "tail_w1", better="less", scale="ratio", needs=("points", "generator", "evaluated_9"))
def tail_w1(record: TrainingRecord) -> float:
    """Geometric mean of w1 over the last third of the evaluations."""
    return _tail(record, "w1")


@register("stability", "roughness", better="less", scale="ratio", needs=("features", "generator", "evaluated_6"))
def roughness(record: TrainingRecord) -> float:
    """Standard deviation of log fid around its own line in log steps, in the second half of the evaluations.

    √(squared residuals / (n − 2)), since the line takes two degrees of freedom: it does not grow with n.
    """
    half = late(record, "fid", 2)
    if half is None:
        return math.nan
    x, y = np.log(half[0]), half[1]
    residuals = y - y.mean() - _slope(x, y) * (x - x.mean())
    return math.sqrt(float(residuals @ residuals) / (len(y) - 2))


@register("stability", "late_slope", better="less", needs=("features", "generator", "evaluated_9"))
def late_slope(record: TrainingRecord) -> float:
    """Change of log fid over the last third of the training, by its line in steps; below 0 it still improves.

    The slope is fitted to the last third of the evaluations, and is of the whole training, times a third.
    """
    third = late(record, "fid", 3)
    return math.nan if third is None else _slope(third[0] / record.steps[-1], third[1]) / 3


def _slope(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Of the least-squares line."""
    centred = x - x.mean()
    return float(centred @ y / (centred @ centred))
