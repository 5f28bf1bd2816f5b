"""Maximum mean discrepancies: unbiased estimates of a squared distance between distributions.

The estimate can be below 0. Computed on at most KERNEL_SAMPLES samples of each side, in blocks.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ablate.metrics.distances import squared_distances
from ablate.metrics.evaluation import Evaluation, Evaluations, Reference, by_parts
from ablate.registry import register

KERNEL_SAMPLES = 1000
BLOCK = 250
"""Rows of a kernel matrix at a time: few enough to stay in a processor's cache"""
BANDWIDTHS = 5
"""of mmd: a quarter, half, once, twice and four times the median distance of real samples"""

Kernel = Callable[[Tensor, Tensor], Tensor]


def unbiased_mmds(x: Tensor, y: Tensor, kernel: Kernel, within_y: float) -> Tensor:
    """MMD²ᵤ of samples [member, m, d] and [n, d] (Gretton et al. 2012, equation 3): [member]. `within_y` is y's own term."""
    across = sum(kernel(part, y).sum((-2, -1)) for part in x.split(BLOCK, dim=-2)) / (x.shape[-2] * len(y))
    return within(x, kernel) + within_y - 2 * across


def within(x: Tensor, kernel: Kernel) -> Tensor:
    """Mean of the kernel over pairs of different samples of [..., n, d]: [...]. Each pair is looked at once."""
    total = x.new_zeros(x.shape[:-2])
    for i, part in enumerate(x.split(BLOCK, dim=-2)):
        values = kernel(part, x[..., i * BLOCK :, :])
        among_part = values[..., : part.shape[-2]]
        itself = among_part.diagonal(dim1=-2, dim2=-1).sum(-1)
        total += 2 * values.sum((-2, -1)) - among_part.sum((-2, -1)) - itself
    return total / (x.shape[-2] * (x.shape[-2] - 1))


def cubic(x: Tensor, y: Tensor) -> Tensor:
    """(xᵀy / d + 1)³, the kernel of KID (Bińkowski et al. 2018)."""
    value = (x @ y.mT).div_(x.shape[-1]).add_(1)
    return value.square().mul_(value)


def gaussian_mixture(widest: float) -> Kernel:
    """Mean over five bandwidths σ, each half the one before, of exp(−‖x − y‖² / 2σ²).

    Halving σ raises the kernel to its fourth power, so one exponential serves all.
    """

    def kernel(x: Tensor, y: Tensor) -> Tensor:
        value = squared_distances(x, y).div_(-2 * widest**2).exp_()
        total = value.clone()
        for _ in range(BANDWIDTHS - 1):
            value = value.square_().square_()
            total += value
        return total / BANDWIDTHS

    return kernel


def mmd_kernel(real: Tensor) -> Kernel:
    """The kernel of mmd for real features [n, d]."""
    median = float(torch.pdist(real[:1000]).median())
    return gaussian_mixture(median * 2 ** (BANDWIDTHS // 2))


@register("metric", "kid", better="less", scale="ratio", needs=("features",), at_end=True, shown=("table",), order=3)
def kid(e: Evaluation) -> float:
    """Unbiased squared MMD of features with the cubic kernel, over whole samples of at most 1000."""
    return float(e.together(_kids))


def _kids(runs: Evaluations) -> Tensor:
    return _mmds(runs, cubic, runs.reference.once(_within_cubic))


@register("metric", "mmd", better="less", scale="ratio", needs=("features",), at_end=True)
def mmd(e: Evaluation) -> float:
    """Unbiased squared MMD of features, Gaussian kernels at five bandwidths fixed from real data, of at most 1000."""
    return float(e.together(_gaussian_mmds))


def _gaussian_mmds(runs: Evaluations) -> Tensor:
    return _mmds(runs, runs.reference.once(_kernel), runs.reference.once(_within_mmd))


def _mmds(runs: Evaluations, kernel: Kernel, within_real: float) -> Tensor:
    real = runs.reference.features[:KERNEL_SAMPLES]
    return by_parts(lambda x: unbiased_mmds(x, real, kernel, within_real), runs.features[:, :KERNEL_SAMPLES])


def _kernel(reference: Reference) -> Kernel:
    return mmd_kernel(reference.features)


def _within_mmd(reference: Reference) -> float:
    """The real sample's own term of mmd."""
    return float(within(reference.features[:KERNEL_SAMPLES], reference.once(_kernel)))


def _within_cubic(reference: Reference) -> float:
    """The real sample's own term of kid."""
    return float(within(reference.features[:KERNEL_SAMPLES], cubic))
