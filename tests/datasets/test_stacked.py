"""Stacked digits: equally likely triples, gathered from the stored images, and labels that say which."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from ablate.datasets import load_dataset
from ablate.datasets.base import to_unit
from ablate.datasets.stacked import stacked
from ablate.errors import AblateError
from ablate.randomness.numbers import Numbers

DIGITS = load_dataset("digits", {})
STACKED = stacked("stacked_digits", DIGITS)


def test_each_channel_is_a_real_image_of_the_digit_that_the_label_says() -> None:
    assert DIGITS.images is not None
    assert DIGITS.labels is not None
    assert STACKED.sampler is not None
    samples, labels = STACKED.sampler(200, Numbers.of_one(1, "test"))
    assert samples.shape == (200, 3, 8, 8)
    assert samples.dtype == torch.float64
    digit_of = {
        image.numpy().tobytes(): int(digit)
        for image, digit in zip(to_unit(DIGITS.images[:, 0], torch.float64), DIGITS.labels, strict=True)
    }
    for sample, label in zip(samples, labels.tolist(), strict=True):
        a, b, c = (digit_of[channel.numpy().tobytes()] for channel in sample)
        assert label == 100 * a + 10 * b + c


def test_all_modes_are_equally_likely_and_all_images_of_a_digit_too() -> None:
    assert STACKED.sampler is not None
    n = 100_000
    samples, labels = STACKED.sampler(n, Numbers.of_one(2, "test"))
    count = torch.bincount(labels, minlength=1000).double()
    assert len(count) == STACKED.n_classes == 1000
    chi_square = float(((count - n / 1000).square() / (n / 1000)).sum())
    assert chi_square < 999 + 5 * (2 * 999) ** 0.5  # 5 standard deviations above its mean
    seen = samples.flatten(0, 1).unique(dim=0)
    assert len(seen) > 1790  # each of the 1797 images is expected 170 times


def test_draws_depend_on_the_numbers_alone_and_the_fingerprint_on_the_images() -> None:
    assert STACKED.sampler is not None
    first, again = (STACKED.sampler(50, Numbers.of_one(3, "test")) for _ in range(2))
    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1], again[1])
    assert stacked("stacked_digits", replace(DIGITS, fingerprint="other")).fingerprint != STACKED.fingerprint


def test_a_set_without_one_of_the_digits_is_refused() -> None:
    assert DIGITS.images is not None
    assert DIGITS.labels is not None
    kept = DIGITS.labels != 4
    without = replace(DIGITS, images=DIGITS.images[kept], labels=DIGITS.labels[kept])
    with pytest.raises(AblateError, match="images of all ten digits are needed, digits has 9"):
        stacked("stacked_digits", without)


@pytest.mark.mnist
def test_stacked_mnist_is_three_channels_of_28_by_28() -> None:
    dataset = load_dataset("stacked_mnist", {})
    assert (dataset.shape, dataset.n_classes) == ((3, 28, 28), 1000)
