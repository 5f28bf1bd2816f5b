"""Pairs of distributions of which theory says what a critic should find: their distance, the optimal discriminator.

In each, the second coordinate has the same law in both and is independent of the first, so that the density ratio and the
Wasserstein distance are those of the first coordinates alone.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ablate.datasets.base import Counterpart, Dataset, Sampler, fingerprint_of
from ablate.randomness.numbers import Numbers
from ablate.registry import Setting, register


def _pair(name: str, real: Sampler, counterpart: Counterpart, options: dict[str, float]) -> Dataset:
    fingerprint = fingerprint_of(name, repr(sorted(options.items())))
    return Dataset(name, (2,), 0, fingerprint, sampler=real, counterpart=counterpart)


@register(
    "dataset", "parallel_lines", shape=(2,), classes=0, counterpart=True,
    settings=(Setting("distance", default=1.0, least=0, doc="of the two lines"),),
)  # fmt: skip
def parallel_lines(distance: float) -> Dataset:
    """The segment from (0, 0) to (0, 1); its counterpart lies `distance` beside it (WGAN, Arjovsky et al. 2017, example 1)."""

    def at(x: float) -> Sampler:
        def sampler(n: int, numbers: Numbers) -> tuple[Tensor, Tensor]:
            y = numbers.uniform(n)
            return torch.stack([torch.full_like(y, x), y], dim=-1), torch.zeros_like(y, dtype=torch.int64)

        return sampler

    def discriminator(points: Tensor) -> Tensor:
        nearer = (points[..., 0] < distance / 2).to(points.dtype)
        return nearer if distance else torch.full_like(nearer, 0.5)

    return _pair("parallel_lines", at(0.0), Counterpart(at(distance), distance, discriminator), {"distance": distance})


@register(
    "dataset", "normals", shape=(2,), classes=0, counterpart=True,
    settings=(
        Setting("distance", default=1.0, least=0, doc="of the two means"),
        Setting("spread", default=1.0, above=0, doc="standard deviation of the counterpart"),
    ),
)  # fmt: skip
def normals(distance: float, spread: float) -> Dataset:
    """N(0, 1) in the first coordinate; its counterpart is N(distance, spread²). The second is N(0, 1) in both."""

    def of(mean: float, std: float) -> Sampler:
        def sampler(n: int, numbers: Numbers) -> tuple[Tensor, Tensor]:
            points = numbers.normal(n, 2)
            points[..., 0] = mean + std * points[..., 0]
            return points, torch.zeros_like(points[..., 0], dtype=torch.int64)

        return sampler

    def discriminator(points: Tensor) -> Tensor:
        x = points[..., 0]
        log_ratio = math.log(spread) - x.square() / 2 + ((x - distance) / spread).square() / 2
        return log_ratio.sigmoid()

    options = {"distance": distance, "spread": spread}
    w1 = _mean_of_folded(
        distance, abs(spread - 1)
    )  # the best plan in one dimension is monotone: z ↦ distance + spread · z
    return _pair("normals", of(0.0, 1.0), Counterpart(of(distance, spread), w1, discriminator), options)


def _mean_of_folded(mean: float, std: float) -> float:
    """E |mean + std · Z| for a standard normal Z."""
    if not std:
        return abs(mean)
    ratio = mean / std
    return std * math.sqrt(2 / math.pi) * math.exp(-(ratio**2) / 2) + mean * math.erf(ratio / math.sqrt(2))
