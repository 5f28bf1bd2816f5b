"""A set that is too large for the device gives the same batches, gathered where it lies."""

from __future__ import annotations

import pytest
import torch

from ablate.datasets import load_dataset
from ablate.training import streams
from ablate.training.streams import RealBatches

DEVICES = [torch.device("cpu"), pytest.param(torch.device("cuda"), marks=pytest.mark.gpu)]


def batches(device: torch.device) -> RealBatches:
    return RealBatches(load_dataset("digits", {}), [3, 4], "real", 16, torch.float32, device)


@pytest.mark.parametrize("device", DEVICES)
def test_the_batches_do_not_depend_on_where_the_images_are_held(
    device: torch.device, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = batches(device)
    monkeypatch.setattr(streams, "MOST_ON_DEVICE", 1000)
    left = batches(device)
    assert held.samples.device.type == device.type
    assert left.samples.device.type == "cpu"
    for one, other in zip(held.take(110, 5), left.take(110, 5), strict=True):  # across the end of an epoch
        assert one.device.type == other.device.type == device.type
        assert torch.equal(one, other)


@pytest.mark.gpu
def test_stacked_digits_are_gathered_on_the_device() -> None:
    from ablate.datasets.stacked import stacked

    dataset = stacked("stacked_digits", load_dataset("digits", {}))
    images, labels = RealBatches(dataset, [1], "real", 8, torch.float32, torch.device("cuda")).take(0, 3)
    assert images.shape == (3, 1, 8, 3, 8, 8)
    assert images.is_cuda
    assert labels.is_cuda
