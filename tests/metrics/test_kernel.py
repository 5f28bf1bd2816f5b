"""Kernel distances against their plain sums, torchmetrics and closed forms."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from torch import Tensor
from torchmetrics.image.kid import poly_mmd

from ablate.metrics import kernel
from ablate.metrics.kernel import cubic, gaussian_mixture, mmd_kernel, unbiased_mmds, within


def normal(n: int, d: int, seed: int, shift: float = 0.0) -> Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) + shift


def unbiased_mmd(x: Tensor, y: Tensor, of: kernel.Kernel) -> float:
    """Of two runs at once, of which the first is all zeros."""
    return float(unbiased_mmds(torch.stack([torch.zeros_like(x), x]), y, of, float(within(y, of)))[1])


def test_kid_is_torchmetrics_estimate_over_the_whole_sample() -> None:
    x, y = normal(300, 16, 1), normal(300, 16, 2, 0.3)
    assert unbiased_mmd(x, y, cubic) == pytest.approx(float(poly_mmd(y, x)), rel=1e-12)


def test_mmd_is_the_plain_double_sum_over_pairs() -> None:
    x, y, widths = normal(7, 3, 1), normal(9, 3, 2, 1.0), [0.5, 1.0, 2.0, 4.0, 8.0]

    def k(a: Tensor, b: Tensor) -> float:
        return sum(math.exp(-float((a - b).square().sum()) / (2 * s * s)) for s in widths) / 5

    inside = [sum(k(a, b) for a, b in itertools.permutations(z, 2)) / (len(z) * (len(z) - 1)) for z in (x, y)]
    across = sum(k(a, b) for a in x for b in y) / (len(x) * len(y))
    assert unbiased_mmd(x, y, gaussian_mixture(8.0)) == pytest.approx(sum(inside) - 2 * across, rel=1e-10)


def test_blocks_do_not_change_the_estimate(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = normal(50, 4, 1), normal(33, 4, 2, 0.5)
    whole = unbiased_mmd(x, y, cubic)
    monkeypatch.setattr(kernel, "BLOCK", 8)
    assert unbiased_mmd(x, y, cubic) == pytest.approx(whole, rel=1e-12)


def test_the_bandwidths_are_the_median_distance_times_a_quarter_to_four() -> None:
    real = normal(200, 2, 1)
    median = float(torch.pdist(real).median())
    x, y = torch.zeros(1, 2, dtype=torch.float64), torch.tensor([[median, 0.0]], dtype=torch.float64)
    expected = sum(math.exp(-1 / (2 * w * w)) for w in (0.25, 0.5, 1, 2, 4)) / 5
    assert float(mmd_kernel(real)(x, y)) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("shift", [0.0, 0.5])
def test_the_estimate_is_unbiased(shift: float) -> None:
    widths, d = (0.5, 1.0, 2.0, 4.0, 8.0), 2

    def mean_kernel(apart: float) -> float:  # of N(0, I) and N(shift, I)
        return sum((s * s / (s * s + 2)) ** (d / 2) * math.exp(-apart / (2 * (s * s + 2))) for s in widths) / 5

    truth = 2 * mean_kernel(0.0) - 2 * mean_kernel(d * shift**2)
    estimates = torch.tensor(
        [unbiased_mmd(normal(40, d, 2 * i), normal(40, d, 2 * i + 1, shift), gaussian_mixture(8.0)) for i in range(300)]
    )
    standard_error = float(estimates.std()) / math.sqrt(len(estimates))
    assert abs(float(estimates.mean()) - truth) < 4 * standard_error
