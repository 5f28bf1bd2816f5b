"""Precision, recall, density and coverage against the authors' own package."""

from __future__ import annotations

import pytest
import torch
from prdc import compute_prdc
from torch import Tensor

from ablate.metrics.manifold import MEASURES, manifold, radii


def normal(n: int, d: int, seed: int, scale: float = 1.0) -> Tensor:
    return scale * torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def prdc(real: Tensor, fake: Tensor) -> dict[str, float]:
    """Of two runs at once, of which the first is all zeros."""
    both = torch.stack([torch.zeros_like(fake), fake])
    return dict(zip(MEASURES, manifold(real, both, radii(real))[1].tolist(), strict=True))


@pytest.mark.parametrize(("d", "scale"), [(2, 1.0), (64, 1.0), (8, 0.5)])
def test_they_agree_with_the_authors_package(d: int, scale: float) -> None:
    real, fake = normal(700, d, 1), normal(600, d, 2, scale)  # more than one block, and the last not full
    ours, theirs = prdc(real, fake), compute_prdc(real.numpy(), fake.numpy(), 5)
    assert ours == pytest.approx({name: float(value) for name, value in theirs.items()}, abs=1e-12)
    assert 0 < ours["precision"] <= 1


def test_the_radius_is_the_distance_to_the_fifth_neighbour_not_counting_itself() -> None:
    line = torch.arange(10, dtype=torch.float64)[:, None]
    assert radii(line).tolist() == pytest.approx([5, 4, 3, 3, 3, 3, 3, 3, 4, 5], abs=1e-7)  # cdist rounds squares


def test_samples_far_away_score_0_in_all_four() -> None:
    real = normal(100, 2, 1)
    assert set(prdc(real, normal(100, 2, 2) + 1000).values()) == {0.0}


def test_a_narrow_generator_has_precision_without_recall() -> None:
    real = normal(500, 2, 1)
    measured = prdc(real, normal(500, 2, 2, 0.05))
    assert measured["precision"] == 1
    assert measured["recall"] < 0.05
    assert measured["coverage"] < 0.05
