"""Two-dimensional distributions with a known density: the toy problems of the WGAN-GP and PacGAN papers."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ablate.datasets.base import Dataset, Modes, Sampler, fingerprint_of
from ablate.errors import UsageError
from ablate.randomness.numbers import Numbers
from ablate.registry import Setting, register


def _mixture(
    name: str, centers: Tensor, std: float, options: dict[str, float], samples: int, data_seed: int
) -> Dataset:
    def sampler(n: int, numbers: Numbers) -> tuple[Tensor, Tensor]:
        labels = numbers.integers(len(centers), n)
        return centers.to(numbers.device)[labels] + std * numbers.normal(n, 2), labels

    return _dataset(name, sampler, options, samples, data_seed, Modes(centers, std))


def _dataset(
    name: str, sampler: Sampler, options: dict[str, float], samples: int, data_seed: int, modes: Modes | None = None
) -> Dataset:
    """`samples` is the size of the training set; with 0 every batch is fresh."""
    training_set = None
    if data_seed and not samples:
        raise UsageError(f"{name}: data_seed is the seed of a training set, which has no size; give samples too")
    if samples:
        training_set = sampler(samples, Numbers.of_one(data_seed, "training set"))
        options = options | {"samples": samples, "data_seed": data_seed}
    classes, fingerprint = len(modes.centers) if modes else 0, fingerprint_of(name, repr(sorted(options.items())))
    return Dataset(name, (2,), classes, fingerprint, modes, sampler, training_set)


@register(
    "dataset", "ring8", shape=(2,), classes=8,
    settings=(
        Setting("radius", default=1.0, above=0, doc="of the circle"),
        Setting("std", default=0.01, above=0, doc="of each mode"),
        Setting("samples", "whole", 0, "size of the training set; 0: every batch is fresh", least=0, silent_default=True),
        Setting("data_seed", "whole", 0, "of the training set", least=0, most=999_999, silent_default=True),
    ),
)  # fmt: skip
def ring8(radius: float, std: float, samples: int, data_seed: int) -> Dataset:
    """8 normals on a circle: PacGAN's 2D-ring (radius 1, standard deviation 0.01)."""
    angle = torch.arange(8, dtype=torch.float64) * (2 * math.pi / 8)
    centers = radius * torch.stack([angle.cos(), angle.sin()], dim=1)
    return _mixture("ring8", centers, std, {"modes": 8, "radius": radius, "std": std}, samples, data_seed)


@register(
    "dataset", "grid25", shape=(2,), classes=25,
    settings=(
        Setting("spacing", default=2.0, above=0, doc="distance of neighbouring modes"),
        Setting("std", default=0.05, above=0, doc="of each mode"),
        Setting("samples", "whole", 0, "size of the training set; 0: every batch is fresh", least=0, silent_default=True),
        Setting("data_seed", "whole", 0, "of the training set", least=0, most=999_999, silent_default=True),
    ),
)  # fmt: skip
def grid25(spacing: float, std: float, samples: int, data_seed: int) -> Dataset:
    """5 × 5 normals on a square grid: PacGAN's 2D-grid (at -4, -2, 0, 2, 4, standard deviation 0.05)."""
    line = spacing * (torch.arange(5, dtype=torch.float64) - 2)
    options = {"spacing": spacing, "std": std}
    return _mixture("grid25", torch.cartesian_prod(line, line), std, options, samples, data_seed)


@register(
    "dataset", "swiss_roll", shape=(2,), classes=0,
    settings=(
        Setting("noise", default=0.25, above=0, doc="standard deviation of the noise added to the roll"),
        Setting("scale", default=7.5, above=0, doc="what the coordinates are divided by"),
        Setting("samples", "whole", 0, "size of the training set; 0: every batch is fresh", least=0, silent_default=True),
        Setting("data_seed", "whole", 0, "of the training set", least=0, most=999_999, silent_default=True),
    ),
)  # fmt: skip
def swiss_roll(noise: float, scale: float, samples: int, data_seed: int) -> Dataset:
    """The swiss roll in two dimensions, as in WGAN-GP: scikit-learn's, noise 0.25, first and third axis over 7.5."""

    def sampler(n: int, numbers: Numbers) -> tuple[Tensor, Tensor]:
        t = 1.5 * math.pi * (1 + 2 * numbers.uniform(n))
        points = torch.stack([t * t.cos(), t * t.sin()], dim=-1) + noise * numbers.normal(n, 2)
        return points / scale, torch.zeros_like(t, dtype=torch.int64)

    return _dataset("swiss_roll", sampler, {"noise": noise, "scale": scale}, samples, data_seed)
