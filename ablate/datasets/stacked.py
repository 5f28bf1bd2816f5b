"""Stacked MNIST: three digits as the channels of one image, 1000 modes."""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor

from ablate.datasets.base import Dataset, fingerprint_of, to_unit
from ablate.datasets.published import mnist
from ablate.errors import AblateError
from ablate.randomness.numbers import Numbers
from ablate.registry import register

DIGITS = 10


@register("dataset", "stacked_mnist", shape=(3, 28, 28), classes=1000, stacked=True, evaluation_samples=26_000)
def stacked_mnist() -> Dataset:
    """Three MNIST digits as the channels of one image: 1000 equally likely modes, 100a + 10b + c (Metz et al. 2016)."""
    return stacked("stacked_mnist", mnist())


def stacked(name: str, digits: Dataset) -> Dataset:
    """Triples of a stored set's images [1, height, width] with labels 0 to 9.

    A channel's digit is chosen first, each equally likely, then one of its images: with MNIST's own shares of the digits
    the modes would not be equally likely, and even a perfect sampler would be 0.004 nats further from uniform.
    """
    assert digits.images is not None
    assert digits.labels is not None
    count = torch.bincount(digits.labels, minlength=DIGITS)
    if len(count) != DIGITS or not count.all():
        raise AblateError(f"{name}: images of all ten digits are needed, {digits.name} has {int((count > 0).sum())}")
    by_digit = digits.images[digits.labels.argsort(stable=True), 0]

    @cache
    def on_device(device: torch.device) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        place = torch.tensor([DIGITS**2, DIGITS, 1])
        return by_digit.to(device), count.to(device), (count.cumsum(0) - count).to(device), place.to(device)

    def sampler(n: int, numbers: Numbers) -> tuple[Tensor, Tensor]:
        images, counts, first, place = on_device(numbers.device)
        triple = numbers.integers(DIGITS, n, 3)
        chosen = first[triple] + (numbers.uniform(n, 3) * counts[triple]).long()
        return to_unit(images[chosen], torch.float64), (triple * place).sum(-1)

    shape = (3, *digits.shape[1:])
    return Dataset(
        name, shape, DIGITS**3, fingerprint_of(name, digits.fingerprint), sampler=sampler, channel_set=digits
    )
