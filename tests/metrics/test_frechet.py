"""The Fréchet distance against closed forms, 60-digit arithmetic and pytorch-fid."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
import torch
from pytorch_fid.fid_score import calculate_frechet_distance
from torch import Tensor

from ablate.metrics.frechet import Gaussian, frechet_distance


def sample(n: int, d: int, rank: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    factors = torch.randn(n, rank, generator=generator).double(), torch.randn(rank, d, generator=generator).double()
    return factors[0] @ factors[1] + seed


def distance(x: Tensor, y: Tensor) -> float:
    return frechet_distance(Gaussian.of_features(x), Gaussian.of_features(y))


def exact_distance(x: Tensor, y: Tensor) -> float:
    """tr (Σ₁^½ Σ₂ Σ₁^½)^½ in 60 digits; eigenvalues below 1e-45 are 0 in exact arithmetic."""
    with mpmath.workdps(60):
        (mean_1, cov_1), (mean_2, cov_2) = exact_moments(x), exact_moments(y)
        values, vectors = mpmath.eigsy(cov_1)
        root = vectors * mpmath.diag([mpmath.sqrt(max(v, 0)) for v in values]) * vectors.T
        inner = mpmath.eigsy(root * cov_2 * root, eigvals_only=True)
        cross = mpmath.fsum(mpmath.sqrt(v) for v in inner if v > mpmath.mpf(10) ** -45)
        apart = mpmath.fsum((a - b) ** 2 for a, b in zip(mean_1, mean_2, strict=True))
        return float(apart + sum(cov_1[i, i] + cov_2[i, i] for i in range(cov_1.rows)) - 2 * cross)


def exact_moments(x: Tensor) -> tuple[list[mpmath.mpf], mpmath.matrix]:
    rows = mpmath.matrix(x.tolist())
    n, d = rows.rows, rows.cols
    mean = [mpmath.fsum(rows[i, j] for i in range(n)) / n for j in range(d)]
    centred = mpmath.matrix(n, d)
    for i in range(n):
        for j in range(d):
            centred[i, j] = rows[i, j] - mean[j]
    return mean, centred.T * centred / (n - 1)


@pytest.mark.parametrize(("n", "rank"), [(20, 6), (20, 3), (20, 1), (4, 6)])
def test_it_is_exact_for_covariances_of_any_rank(n: int, rank: int) -> None:
    x, y = sample(n, 6, rank, 1), sample(n + 1, 6, rank, 2)
    assert distance(x, y) == pytest.approx(exact_distance(x, y), rel=1e-9)


def test_a_constant_feature_adds_only_the_square_of_its_shift() -> None:
    x, y = sample(50, 4, 4, 1), sample(50, 4, 4, 2)
    wide = [torch.cat([a, torch.full((50, 1), value, dtype=torch.float64)], 1) for a, value in ((x, 0.0), (y, 3.0))]
    assert distance(*wide) == pytest.approx(distance(x, y) + 9, rel=1e-12)


def test_diagonal_gaussians_have_their_closed_form() -> None:
    first, second = (torch.tensor(v, dtype=torch.float64) for v in ([1.0, 4.0, 0.0], [9.0, 0.25, 2.0]))
    shift = torch.tensor([0.0, 1.0, -2.0], dtype=torch.float64)
    a = Gaussian(0 * shift, float(first.sum()), torch.diag(first.sqrt()))
    b = Gaussian(shift, float(second.sum()), torch.diag(second.sqrt()))
    assert frechet_distance(a, b) == pytest.approx(5 + float((first.sqrt() - second.sqrt()).square().sum()), rel=1e-14)


@pytest.mark.filterwarnings("ignore:The `disp` argument:DeprecationWarning")  # of pytorch-fid's call of sqrtm
def test_it_agrees_with_pytorch_fid_at_full_rank() -> None:
    x, y = sample(400, 24, 24, 1).numpy(), sample(500, 24, 24, 2).numpy()
    theirs = calculate_frechet_distance(x.mean(0), np.cov(x, rowvar=False), y.mean(0), np.cov(y, rowvar=False))
    # theirs goes through sqrtm, whose own error is of this order
    assert distance(torch.from_numpy(x), torch.from_numpy(y)) == pytest.approx(float(theirs), rel=1e-8)


def test_a_sample_is_at_distance_0_of_itself_and_the_distance_is_symmetric() -> None:
    x, y = sample(30, 6, 3, 1), sample(30, 6, 3, 2)
    scale = float(x.var(0).sum())
    assert 0 <= distance(x, x) <= 1e-12 * scale
    assert distance(x, y) == pytest.approx(distance(y, x), rel=1e-12)


def test_one_sample_has_no_covariance() -> None:
    with pytest.raises(ValueError, match="at least 2 samples, got 1"):
        Gaussian.of_features(torch.zeros(1, 2))
