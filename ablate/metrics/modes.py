"""Modes of a mixture: a generated sample is of high quality within 3 standard deviations of its nearest mode."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ablate.metrics.distances import squared_distances
from ablate.metrics.evaluation import Evaluation, Evaluations, by_parts
from ablate.registry import register

HIGH_QUALITY_STDS = 3
FAIR_SHARE = 0.2
"""modes@20 and basins ask for this part of a fair share of samples; a threshold of ours, not of the literature"""


def nearest_modes(runs: Evaluations) -> Tensor:
    """How many samples have each mode as their nearest, in all, and of high quality: [member, 2, mode], on the CPU."""
    modes = runs.reference.dataset.modes
    assert modes is not None
    centers = modes.centers.to(runs.samples)

    def counts_of(samples: Tensor) -> Tensor:
        square, nearest = squared_distances(samples, centers).min(-1)
        good = square.sqrt() <= HIGH_QUALITY_STDS * modes.std
        return torch.stack([counted(nearest, len(centers)), counted(nearest, len(centers), good)], dim=1)

    return by_parts(counts_of, runs.samples)


def counted(kinds: Tensor, count: int, among: Tensor | None = None) -> Tensor:
    """How often each of `count` kinds occurs in int64 [member, n], or among those that are True there: [member, count]."""
    own = kinds + count * torch.arange(len(kinds), device=kinds.device)[:, None]
    chosen = own.flatten() if among is None else own[among]
    return chosen.bincount(minlength=count * len(kinds)).view(len(kinds), count)


def counts(e: Evaluation) -> Tensor:
    """High-quality samples at each mode: [mode]."""
    return e.together(nearest_modes)[1]


@register("metric", "modes@1", better="greater", needs=("modes",))
def modes_at_1(e: Evaluation) -> float:
    """Modes with at least one high-quality sample: the literature's count (VEEGAN, PacGAN), which noise can pass."""
    return float((counts(e) >= 1).sum())


@register("metric", "modes@20", better="greater", needs=("modes",), shown=("table",), order=5)
def modes_at_20(e: Evaluation) -> float:
    """Modes with at least 20 % of their fair share of samples, all of high quality."""
    return float((counts(e) >= FAIR_SHARE * len(e.samples) / len(counts(e))).sum())


@register("metric", "high_quality", better="greater", needs=("modes",), shown=("table",), order=7)
def high_quality(e: Evaluation) -> float:
    """Share of generated samples within 3 standard deviations of a mode; 98.9 % of real ones are."""
    return float(counts(e).sum()) / len(e.samples)


@register("metric", "reverse_kl", better="less", scale="ratio", needs=("modes",))
def reverse_kl(e: Evaluation) -> float:
    """KL in nats from the high-quality samples' shares of the modes to equal shares; log(modes) where there are none.

    As PacGAN's published code counts. A generator without a high-quality sample is given the value of one that holds
    a single mode.
    """
    count = counts(e).double()
    if not count.sum():
        return math.log(len(count))
    return kl(count / count.sum(), torch.full_like(count, 1 / len(count)))


def kl(p: Tensor, q: Tensor) -> float:
    """KL(p ‖ q) in nats of two discrete distributions [k]; 0·log 0 is 0, and infinite where q is 0 and p is not."""
    held = p > 0
    return float((p[held] * (p[held] / q[held]).log()).sum())
