"""The exact earth mover's distance between two samples of equal size."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from ablate.metrics.evaluation import Evaluation
from ablate.registry import register

Matrix = NDArray[np.float64]

IN_CURVE, AT_END = 500, 2000
"""Points of w1 at every evaluation, and of w1_2k at the end of a run: about 0.01 and 0.4 s of a core. The floors say what
either size can tell"""
SMALL = 130
"""Points that are matched without a start"""
GROUP = 4
"""Points whose mean stands for them in the problem that gives the start"""
MOST_ROUNDS = 1000
"""of potentials: what does not settle by then is start enough"""


def plan(x: Tensor, y: Tensor) -> Tensor:
    """The cheapest one-to-one matching by distance of [n, d] and [n, d]: which of y each of x is given, int64 [n]."""
    return torch.from_numpy(_matching(x, y, _distances(x, y)))


def w1(x: Tensor, y: Tensor) -> float:
    """1-Wasserstein distance of the empirical distributions of [n, d] and [n, d]: the cheapest one-to-one matching."""
    cost = _distances(x, y)
    return float(cost[np.arange(len(cost)), _matching(x, y, cost)].mean())


def _distances(x: Tensor, y: Tensor) -> Matrix:
    if len(x) != len(y):
        raise ValueError(f"equal sample sizes are needed, got {len(x)} and {len(y)}")
    distances: Matrix = torch.cdist(x, y).numpy()
    return distances


def _matching(x: Tensor, y: Tensor, cost: Matrix) -> np.ndarray:
    """Columns of the cheapest matching of [n, n], row by row, by scipy's shortest augmenting paths.

    A constant of a whole row or column changes no cheapest matching. The potentials of a coarser problem are such constants,
    and leave little to search for: a third of the time, and a tenth where a generator collapsed.
    """
    reduced = cost - _start(x, y)
    reduced -= reduced.min(1, keepdims=True)
    reduced -= reduced.min(0)
    columns: np.ndarray = linear_sum_assignment(reduced)[1]
    return columns


def _start(x: Tensor, y: Tensor) -> np.ndarray:
    """About the potentials of y [n]: those of groups of neighbours, matched first, as a function of the place.

    Multiscale, as Mérigot 2011, and Schmitzer 2016; any start gives the same distance.
    """
    if len(x) <= SMALL:
        return np.zeros(len(x))
    middle_x, middle_y = _group_means(x), _group_means(y)
    cost = _distances(middle_x, middle_y)
    of_y = _potentials(cost, _matching(middle_x, middle_y, cost))
    of_x = (cost - of_y).min(1)
    start: np.ndarray = (torch.cdist(y, middle_x).numpy() - of_x).min(1)
    return start


def _group_means(points: Tensor) -> Tensor:
    """Means of groups of neighbours [n // GROUP, d] of [n, d]: strips along the first axis, cut along the last one."""
    count = len(points) // GROUP
    points = points[: count * GROUP]
    strips = round(math.sqrt(count))
    rank = points[:, 0].argsort().argsort()
    strip = (rank // GROUP) * strips // count  # whole groups in each
    order = np.lexsort((points[:, -1].numpy(), strip.numpy()))
    return points[torch.from_numpy(order)].unflatten(0, (count, GROUP)).mean(1)


def _potentials(cost: Matrix, columns: np.ndarray) -> np.ndarray:
    """Of the columns [n], by Bellman and Ford: p_j − p(column of i) ≤ c_ij − c_i(column of i), for a cheapest matching."""
    own = cost[np.arange(len(cost)), columns]
    steps, rounding = cost - own[:, None], 1e-12 * cost.max()
    potentials = np.zeros(len(cost))
    for _ in range(MOST_ROUNDS):
        lower = (steps + potentials[columns][:, None]).min(0)
        if (lower >= potentials - rounding).all():
            break
        potentials = np.minimum(potentials, lower)
    return potentials


@register("metric", "w1", better="less", scale="ratio", needs=("points",), shown=("table", "curves", "levels"), order=2)
def w1_metric(e: Evaluation) -> float:
    """Exact earth mover's distance between 500 generated and 500 real samples."""
    return _of_first(e, IN_CURVE)


@register("metric", "w1_2k", better="less", scale="ratio", needs=("points_2k",), at_end=True)
def w1_2k(e: Evaluation) -> float:
    """Exact earth mover's distance between 2,000 generated and 2,000 real samples: its floor is below half that of w1."""
    return _of_first(e, AT_END)


def _of_first(e: Evaluation, n: int) -> float:
    assert e.reference.points is not None
    n = min(n, len(e.samples), len(e.reference.points))
    return w1(e.samples[:n].cpu(), e.reference.points[:n].cpu())
