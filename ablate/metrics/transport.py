"""The exact earth mover's distance between two samples of equal size."""

from __future__ import annotations

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from ablate.metrics.evaluation import Evaluation
from ablate.registry import register

TRANSPORT_SAMPLES = 500
"""The cost of an exact plan grows with the cube of the sample; the floor says what this size can tell"""


def plan(x: Tensor, y: Tensor) -> Tensor:
    """The cheapest one-to-one matching by distance of [n, d] and [n, d]: which of y each of x is given, int64 [n]."""
    if len(x) != len(y):
        raise ValueError(f"equal sample sizes are needed, got {len(x)} and {len(y)}")
    return torch.from_numpy(linear_sum_assignment(torch.cdist(x, y).numpy())[1])


def w1(x: Tensor, y: Tensor) -> float:
    """1-Wasserstein distance of the empirical distributions of [n, d] and [n, d]: the cheapest one-to-one matching."""
    if len(x) != len(y):
        raise ValueError(f"equal sample sizes are needed, got {len(x)} and {len(y)}")
    cost = torch.cdist(x, y).numpy()
    return float(cost[linear_sum_assignment(cost)].mean())


@register("metric", "w1", better="less", scale="ratio", needs=("points",), shown=("table", "curves", "levels"), order=2)
def w1_metric(e: Evaluation) -> float:
    """Exact earth mover's distance between 500 generated and 500 real samples."""
    assert e.reference.points is not None
    n = min(TRANSPORT_SAMPLES, len(e.samples), len(e.reference.points))
    return w1(e.samples[:n], e.reference.points[:n])
