"""The Fréchet distance stays exact where the two covariances have different ranks: unused features, collapse."""

from __future__ import annotations

import mpmath
import pytest
import torch
from torch import Tensor

from ablate.metrics.frechet import Gaussian, frechet_distance


def centred(n: int, d: int, rank: int, seed: int) -> Tensor:
    """Without a shift, which would hide an error of the trace term."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(n, rank, generator=generator).double() @ torch.randn(rank, d, generator=generator).double()
    return x - x.mean(0)


def distance(x: Tensor, y: Tensor) -> float:
    return frechet_distance(Gaussian.of_features(x), Gaussian.of_features(y))


def exact_distance(x: Tensor, y: Tensor) -> float:
    """In 60 digits, by the eigenvalues of Σ₁Σ₂, which are those of (XYᵀ)(XYᵀ)ᵀ up to zeros."""
    with mpmath.workdps(60):
        a, b = exact_rows(x), exact_rows(y)
        product = a * b.T
        values = mpmath.eigsy(product * product.T, eigvals_only=True)
        cross = mpmath.fsum(mpmath.sqrt(v) for v in values if v > mpmath.mpf(10) ** -45)  # exactly 0 below
        traces = mpmath.fsum(v**2 for v in a) + mpmath.fsum(v**2 for v in b)
        means = mpmath.fsum((p - q) ** 2 for p, q in zip(exact_mean(x), exact_mean(y), strict=True))
        return float(means + traces - 2 * cross)


def exact_mean(x: Tensor) -> list[mpmath.mpf]:
    return [mpmath.fsum(column) / len(x) for column in x.T.tolist()]


def exact_rows(x: Tensor) -> mpmath.matrix:
    mean, scale = exact_mean(x), mpmath.sqrt(len(x) - 1)
    return mpmath.matrix([[(mpmath.mpf(v) - m) / scale for v, m in zip(row, mean, strict=True)] for row in x.tolist()])


@pytest.mark.parametrize(
    ("first", "second"), [((12, 2), (13, 5)), ((12, 1), (13, 6)), ((4, 6), (13, 2)), ((4, 2), (13, 6))]
)
def test_it_is_exact_where_one_covariance_has_less_rank_than_the_other(
    first: tuple[int, int], second: tuple[int, int]
) -> None:
    (n, rank), (m, other) = first, second
    x, y = centred(n, 6, rank, 1), centred(m, 6, other, 2)
    exact = exact_distance(x, y)
    assert distance(x, y) == pytest.approx(exact, rel=1e-12)  # a few roundings; a factored covariance is off by 1e-8
    assert distance(y, x) == pytest.approx(exact, rel=1e-12)


def test_it_is_exact_where_the_generator_uses_a_feature_hardly_at_all() -> None:
    x, y = centred(12, 6, 6, 1), centred(13, 6, 6, 2)
    x[:, 3] *= 1e-10  # its variance, 1e-20, is less than the rounding of the others
    assert distance(x, y) == pytest.approx(exact_distance(x, y), rel=1e-12)


def test_nearly_equal_samples_are_told_apart() -> None:
    x = centred(200, 8, 8, 1)
    y = 1.0001 * x
    closed = 1e-8 * float(x.square().sum()) / 199  # (1.0001 − 1)² of the trace
    # what is left when traces of this size cancel: 1e-16 of them, 1e-8 of the distance, some ten times over
    assert distance(x, y) == pytest.approx(closed, rel=1e-6)
