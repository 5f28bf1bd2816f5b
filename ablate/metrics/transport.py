"""The exact earth mover's distance between two samples of equal size."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable
from functools import cache

import numpy as np
import torch
from torch import Tensor

from ablate.metrics.evaluation import Evaluation
from ablate.registry import register

IN_CURVE, AT_END = 500, 2000
"""Points of w1 at every evaluation, and of w1_2k at the end of a run: about 0.04 and 0.8 s of a core. The floors say what
either size can tell"""
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
    """Columns of the cheapest matching of [n, n], row by row: POT's network simplex (Bonneel et al. 2011).

    Its time hardly depends on the samples; that of scipy's assignment is ten times as long where a generator collapsed.
    """
    one_each = np.ones(len(cost))
    relative = cost / (cost.max() or 1.0)  # its tolerances are absolute
    columns: np.ndarray = _simplex()(one_each, one_each, relative, numItermax=MOST_PIVOTS).argmax(1)
    return columns


@cache
def _simplex() -> Callable[..., np.ndarray]:
    """POT's `emd` without the rest of POT, which imports scikit-learn and networkx: 2 s of every process that trains.

    Its modules find each other by the package's folder; the package itself is as whole as ever for who imports it later.
    """
    if "ot" in sys.modules:
        return importlib.import_module("ot.lp").emd  # type: ignore[no-any-return]
    spec = importlib.util.find_spec("ot")
    if spec is None:
        raise ModuleNotFoundError("No module named 'ot'", name="ot")
    sys.modules["ot"] = importlib.util.module_from_spec(spec)  # not executed
    try:
        return importlib.import_module("ot.lp").emd  # type: ignore[no-any-return]
    finally:
        del sys.modules["ot"]


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
