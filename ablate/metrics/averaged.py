"""Metrics of the averaged generator: the same as of the generator itself, beside them, where generator_ema keeps one."""

from __future__ import annotations

from ablate.metrics import basins, frechet, modes
from ablate.metrics.evaluation import Evaluation
from ablate.registry import register


@register("metric", "fid_ema", better="less", scale="ratio", needs=("features", "generator_average"), averaged=True,
    shown=("table", "curves"), order=2)  # fmt: skip
def fid_ema(e: Evaluation) -> float:
    """fid of the generator with averaged weights, Yazıcı et al. 2019."""
    return frechet.fid(e)


@register("metric", "basins_ema", better="greater", needs=("modes or classes", "generator_average"), averaged=True)
def basins_ema(e: Evaluation) -> float:
    """basins of the generator with averaged weights."""
    return basins.basins(e)


@register("metric", "basin_kl_ema", better="less", scale="ratio", needs=("modes or classes", "generator_average"),
    averaged=True)  # fmt: skip
def basin_kl_ema(e: Evaluation) -> float:
    """basin_kl of the generator with averaged weights."""
    return basins.basin_kl(e)


@register("metric", "high_quality_ema", better="greater", needs=("modes", "generator_average"), averaged=True)
def high_quality_ema(e: Evaluation) -> float:
    """high_quality of the generator with averaged weights."""
    return modes.high_quality(e)
