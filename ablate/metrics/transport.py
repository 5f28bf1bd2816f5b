"""The exact earth mover's distance between two samples of equal size."""

from __future__ import annotations

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from ablate.metrics.evaluation import Evaluation
from ablate.registry import register

IN_CURVE, AT_END = 500, 2000
"""Points of w1 at every evaluation, and of w1_2k at the end of a run. The exact plan's cost grows with the cube of the sample
and with the collapse: 0.02 to 0.1 s of a core at 500 points, 0.5 to 8 s at 2,000, the most where all samples lie around one
mode. The floors say what either size can tell"""


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

    A constant taken from a whole row or column changes no cheapest matching. Collapsed samples are about equally far from
    any one real sample; with that taken away scipy needs half the time, and where all are one point, a hundredth.
    """
    reduced = cost - cost.min(0)
    reduced -= reduced.min(1, keepdims=True)
    return linear_sum_assignment(reduced)[1]


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
