"""Failure as an event: a run that is not finite, or that ends no better than some share of its untrained generator.

"Not finite" alone hardly ever happens, and a fixed threshold of fid means something else on every dataset. The untrained
generator of the same run, sampled with the same noise, says what fid is where nothing was learned.
"""

from __future__ import annotations

import math

from ablate.metrics.stability import TrainingRecord
from ablate.registry import register


def failed(record: TrainingRecord, percent: float) -> float:
    """1 where the run diverged, or its last fid is not finite or above that part of the untrained generator's; else 0.

    NaN where the untrained generator's is not known: a checkpoint from before it was taken does not hold it.
    """
    last = record.curves.get("fid", [math.nan])[-1]
    if record.diverged or not math.isfinite(last):
        return 1.0
    if not math.isfinite(record.untrained_fid):
        return math.nan
    return float(last > percent / 100 * record.untrained_fid)


@register("stability", "untrained_fid", scale="ratio", needs=("features", "generator"))
def untrained_fid(record: TrainingRecord) -> float:
    """The fid of the run's generator before its first step, by the samples of its evaluations."""
    return record.untrained_fid


@register("stability", "failed_50", better="less", binary=True, needs=("features", "generator"))
def failed_50(record: TrainingRecord) -> float:
    """Whether a run diverged, or ended with a fid above 50 % of its untrained generator's."""
    return failed(record, 50)


@register("stability", "failed_20", better="less", binary=True, needs=("features", "generator"))
def failed_20(record: TrainingRecord) -> float:
    """Whether a run diverged, or ended with a fid above 20 % of its untrained generator's."""
    return failed(record, 20)


@register("stability", "failed_10", better="less", binary=True, needs=("features", "generator"))
def failed_10(record: TrainingRecord) -> float:
    """Whether a run diverged, or ended with a fid above 10 % of its untrained generator's."""
    return failed(record, 10)


@register("stability", "failed_5", better="less", binary=True, needs=("features", "generator"))
def failed_5(record: TrainingRecord) -> float:
    """Whether a run diverged, or ended with a fid above 5 % of its untrained generator's."""
    return failed(record, 5)
