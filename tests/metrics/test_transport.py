"""The earth mover's distance against POT's linear program."""

from __future__ import annotations

import numpy as np
import ot
import pytest
import torch

from ablate.metrics.transport import w1


def test_it_agrees_with_pots_exact_solver() -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(150, 2, generator=generator, dtype=torch.float64)
    y = 2 * torch.randn(150, 2, generator=generator, dtype=torch.float64) + 1
    equal = np.full(150, 1 / 150)
    theirs = ot.emd2(equal, equal, ot.dist(x.numpy(), y.numpy(), metric="euclidean"))
    assert w1(x, y) == pytest.approx(float(theirs), rel=1e-7)  # cdist rounds squares of coordinates


def test_a_shift_costs_its_length_whatever_the_order() -> None:
    x = torch.randn(60, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    shift = torch.tensor([3.0, 4.0], dtype=torch.float64)
    assert w1(x, (x + shift).flip(0)) == pytest.approx(5, rel=1e-9)


def test_samples_of_different_size_are_refused() -> None:
    with pytest.raises(ValueError, match="equal sample sizes are needed, got 2 and 3"):
        w1(torch.zeros(2, 2), torch.zeros(3, 2))
