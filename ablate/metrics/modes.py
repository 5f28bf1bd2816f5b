"""Modes of a mixture: a generated sample is of high quality within 3 standard deviations of its nearest mode."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ablate.datasets.base import Modes
from ablate.metrics.evaluation import Evaluation
from ablate.registry import register

HIGH_QUALITY_STDS = 3
FAIR_SHARE = 0.2
"""modes@20 and basins ask for this part of a fair share of samples; a threshold of ours, not of the literature"""


def mode_counts(samples: Tensor, modes: Modes) -> Tensor:
    """Number of high-quality samples [n, d] at each mode: [mode]."""
    distance, nearest = torch.cdist(samples, modes.centers.to(samples)).min(1)
    return torch.bincount(nearest[distance <= HIGH_QUALITY_STDS * modes.std], minlength=len(modes.centers))


def counts(e: Evaluation) -> Tensor:
    """High-quality samples at each mode: [mode]."""
    assert e.reference.dataset.modes is not None
    return mode_counts(e.samples, e.reference.dataset.modes)


@register("metric", "modes@1", better="greater", needs=("modes",))
def modes_at_1(e: Evaluation) -> float:
    """Modes with at least one high-quality sample: the literature's count (VEEGAN, PacGAN), which noise can pass."""
    return float((e.once(counts) >= 1).sum())


@register("metric", "modes@20", better="greater", needs=("modes",), shown=("table",), order=5)
def modes_at_20(e: Evaluation) -> float:
    """Modes with at least 20 % of their fair share of samples, all of high quality."""
    return float((e.once(counts) >= FAIR_SHARE * len(e.samples) / len(e.once(counts))).sum())


@register("metric", "high_quality", better="greater", needs=("modes",), shown=("table",), order=7)
def high_quality(e: Evaluation) -> float:
    """Share of generated samples within 3 standard deviations of a mode; 98.9 % of real ones are."""
    return float(e.once(counts).sum()) / len(e.samples)


@register("metric", "reverse_kl", better="less", scale="ratio", needs=("modes",))
def reverse_kl(e: Evaluation) -> float:
    """KL in nats from the high-quality samples' shares of the modes to equal shares; log(modes) where there are none.

    As PacGAN's published code counts. A generator without a high-quality sample is given the value of one that holds
    a single mode.
    """
    count = e.once(counts).double()
    if not count.sum():
        return math.log(len(count))
    return kl(count / count.sum(), torch.full_like(count, 1 / len(count)))


def kl(p: Tensor, q: Tensor) -> float:
    """KL(p ‖ q) in nats of two discrete distributions [k]; 0·log 0 is 0, and infinite where q is 0 and p is not."""
    held = p > 0
    return float((p[held] * (p[held] / q[held]).log()).sum())
