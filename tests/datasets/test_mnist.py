"""MNIST as stored, and resized as D1 does it."""

from __future__ import annotations

import pytest
import torch
from torchvision.transforms import Compose, Resize, ToPILImage, ToTensor

from ablate.datasets import load_dataset


@pytest.mark.mnist
def test_mnist32_holds_what_d1s_transform_makes_of_mnist() -> None:
    mnist, resized = load_dataset("mnist", {}), load_dataset("mnist32", {})
    assert mnist.images is not None
    assert resized.images is not None
    assert resized.labels is not None
    assert resized.images.shape == (60_000, 1, 32, 32)
    assert torch.equal(resized.labels, mnist.labels)
    transform = Compose([ToPILImage(), Resize(32), ToTensor()])
    for i in (0, 1, 59_999):
        assert torch.equal(transform(mnist.images[i]), resized.images[i].float() / 255)
