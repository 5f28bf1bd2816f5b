"""The exact earth mover's distance between two samples of equal size."""

from __future__ import annotations

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from ablate.metrics.evaluation import Evaluation
from ablate.registry import register

IN_CURVE, AT_END = 500, 2000
"""Points of w1 at every evaluation, and of w1_2k at the end of a run: about 0.04 and 0.8 s of a core. The floors say what
either size can tell"""
FEW = 1000
"""So many points at most are matched by scipy's assignment: it is as fast there, and importing POT takes 2 s"""
MOST_PIVOTS = 10**8
"""of the network simplex, which ends by itself long before"""


def plan(x: Tensor, y: Tensor) -> Tensor:
    """The cheapest one-to-one matching by distance of [n, d] and [n, d]: which of y each of x is given, int64 [n]."""
    return torch.from_numpy(_matching(_distances(x, y)))


def w1(x: Tensor, y: Tensor) -> float:
    """1-Wasserstein distance of the empirical distributions of [n, d] and [n, d]: the cheapest one-to-one matching."""
    cost = _distances(x, y)
    return float(cost[np.arange(len(cost)), _matching(cost)].mean())


def _distances(x: Tensor, y: Tensor) -> np.ndarray:
    if len(x) != len(y):
        raise ValueError(f"equal sample sizes are needed, got {len(x)} and {len(y)}")
    return torch.cdist(x, y).numpy()


def _matching(cost: np.ndarray) -> np.ndarray:
    """Columns of the cheapest matching of [n, n], row by row.

    Of many points by POT's network simplex (Bonneel et al. 2011), whose time hardly depends on where they lie; scipy's is ten
    times as long where a generator collapsed, even with what changes no cheapest matching, a constant of a whole row or
    column, taken away first.
    """
    if len(cost) <= FEW:
        reduced = cost - cost.min(0)
        reduced -= reduced.min(1, keepdims=True)
        return linear_sum_assignment(reduced)[1]
    import ot

    one_each = np.ones(len(cost))
    relative = cost / (cost.max() or 1.0)  # its tolerances are absolute
    columns: np.ndarray = ot.emd(one_each, one_each, relative, numItermax=MOST_PIVOTS).argmax(1)
    return columns


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
    return w1(e.samples[:n], e.reference.points[:n])
