"""How a training went, from its whole record."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ablate.registry import register


@dataclass(frozen=True)
class TrainingRecord:
    """A run's curves and gradient norms up to its end or divergence."""

    steps: Sequence[int]
    """generator steps of the evaluations, ascending"""
    curves: dict[str, list[float]]
    """metric → its value at each of them"""
    critic_gradient_norms: np.ndarray
    """norm of the gradient of the critic's loss with respect to its weights, at every critic step"""
    untrained_fid: float = math.nan
    """of the generator before the first step; NaN where it was not taken"""
    diverged: bool = False
    """the run stopped being finite; its curves end before that"""

    @property
    def best_fid(self) -> float:
        """The lowest fid of any evaluation; NaN where none is finite, or there are no features to compute it of."""
        return min((v for v in self.curves.get("fid", ()) if math.isfinite(v)), default=math.nan)

    @property
    def best_fid_step(self) -> float:
        """The generator step of the first evaluation with the best fid."""
        best = self.best_fid
        curve = zip(self.steps, self.curves.get("fid", ()), strict=False)
        return next((float(step) for step, value in curve if value == best), math.nan)


@register("stability", "late_regression", better="less", scale="ratio", shown=("table",), order=51)
def late_regression(record: TrainingRecord) -> float:
    """Final fid over the best fid of the run: 1 where the end is the best."""
    best = record.best_fid
    return record.curves["fid"][-1] / best if best > 0 else math.nan


@register("stability", "grad_norm_ratio", better="less", scale="ratio", shown=("table",), order=52)
def grad_norm_ratio(record: TrainingRecord) -> float:
    """Largest over median norm of the critic's weight gradient over all critic steps; infinite if one is not finite.

    NaN for a run that ended before its first critic step.
    """
    norms = record.critic_gradient_norms
    if not len(norms):
        return math.nan
    if not np.isfinite(norms).all():
        return math.inf
    median = float(np.median(norms))
    return float(norms.max()) / median if median > 0 else math.inf
