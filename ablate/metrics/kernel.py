"""Maximum mean discrepancies: unbiased estimates of a squared distance between distributions.

The estimate can be below 0. Computed on at most KERNEL_SAMPLES samples of each side, in blocks.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ablate.metrics.evaluation import Evaluation, Reference
from ablate.registry import register

KERNEL_SAMPLES = 1000
BLOCK = 250
"""Rows of a kernel matrix at a time: few enough to stay in a processor's cache"""
BANDWIDTHS = 5
"""of mmd: a quarter, half, once, twice and four times the median distance of real samples"""

Kernel = Callable[[Tensor, Tensor], Tensor]


def unbiased_mmd(x: Tensor, y: Tensor, kernel: Kernel, within_y: float | None = None) -> float:
    """MMD²ᵤ of samples [m, d] and [n, d] (Gretton et al. 2012, equation 3); `within_y` is y's own term, if known."""
    across = sum(float(kernel(part, y).sum()) for part in x.split(BLOCK)) / (len(x) * len(y))
    return within(x, kernel) + (within(y, kernel) if within_y is None else within_y) - 2 * across


def within(x: Tensor, kernel: Kernel) -> float:
    """Mean of the kernel over pairs of different samples of [n, d]."""
    total = 0.0
    for i, part in enumerate(x.split(BLOCK)):
        values = kernel(part, x)
        total += float(values.sum()) - float(values[:, i * BLOCK :].diagonal().sum())
    return total / (len(x) * (len(x) - 1))


def cubic(x: Tensor, y: Tensor) -> Tensor:
    """(xᵀy / d + 1)³, the kernel of KID (Bińkowski et al. 2018)."""
    return (x @ y.T / x.shape[1] + 1) ** 3


def gaussian_mixture(widest: float) -> Kernel:
    """Mean over five bandwidths σ, each half the one before, of exp(−‖x − y‖² / 2σ²).

    Halving σ raises the kernel to its fourth power, so one exponential serves all.
    """

    def kernel(x: Tensor, y: Tensor) -> Tensor:
        value = torch.cdist(x, y).square_().div_(-2 * widest**2).exp_()
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
    real = e.reference.features[:KERNEL_SAMPLES]
    return unbiased_mmd(e.features[:KERNEL_SAMPLES], real, cubic, e.reference.once(_within_cubic))


@register("metric", "mmd", better="less", scale="ratio", needs=("features",), at_end=True)
def mmd(e: Evaluation) -> float:
    """Unbiased squared MMD of features, Gaussian kernels at five bandwidths fixed from real data, of at most 1000."""
    real = e.reference.features[:KERNEL_SAMPLES]
    return unbiased_mmd(e.features[:KERNEL_SAMPLES], real, e.reference.once(_kernel), e.reference.once(_within_mmd))


def _kernel(reference: Reference) -> Kernel:
    return mmd_kernel(reference.features)


def _within_mmd(reference: Reference) -> float:
    """The real sample's own term of mmd."""
    return within(reference.features[:KERNEL_SAMPLES], reference.once(_kernel))


def _within_cubic(reference: Reference) -> float:
    """The real sample's own term of kid."""
    return within(reference.features[:KERNEL_SAMPLES], cubic)
