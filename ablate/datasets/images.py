"""Stored sets of real images."""

from __future__ import annotations

import numpy as np
import torch

from ablate.data_folder import DATA_VARIABLE, data_folder
from ablate.datasets.base import Dataset, fingerprint_of
from ablate.errors import MissingData
from ablate.registry import register


@register("dataset", "digits", shape=(1, 8, 8), classes=10)
def digits() -> Dataset:
    """1797 real handwritten digits of 8 × 8 pixels and 17 grey levels (UCI), which come with scikit-learn."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images = torch.from_numpy(bunch.images).mul(255 / 16).round().to(torch.uint8)[:, None]
    labels = torch.from_numpy(bunch.target).to(torch.int64)
    return _stored("digits", images, labels)


@register("dataset", "mnist", shape=(1, 28, 28), classes=10)
def mnist() -> Dataset:
    """The 60,000 training images of MNIST, 28 × 28, through torchvision."""
    from torchvision.datasets import MNIST

    folder = data_folder()
    try:
        data = MNIST(str(folder), train=True, download=True)
    except (RuntimeError, OSError, EOFError, ValueError) as error:
        raise MissingData(
            f"MNIST is not in {folder} and could not be downloaded ({error}). Put the files train-images-idx3-ubyte, "
            f"train-labels-idx1-ubyte, t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte into {folder / 'MNIST' / 'raw'}"
            f", or name the folder that holds MNIST/raw with --data or {DATA_VARIABLE}."
        ) from error
    return _stored("mnist", data.data[:, None], data.targets)


@register("dataset", "mnist32", shape=(1, 32, 32), classes=10)
def mnist32() -> Dataset:
    """MNIST resized to 32 × 32 as torchvision's Resize does it for D1: Pillow's, bilinear with antialias."""
    from PIL.Image import Resampling, fromarray

    small = mnist()
    assert small.images is not None
    assert small.labels is not None
    # Pillow computes in whole numbers: the same pixels, and so the same fingerprint, on every processor
    resized = [
        np.asarray(fromarray(image).resize((32, 32), Resampling.BILINEAR)) for image in small.images[:, 0].numpy()
    ]
    return _stored("mnist32", torch.from_numpy(np.stack(resized))[:, None], small.labels)


def _stored(name: str, images: torch.Tensor, labels: torch.Tensor) -> Dataset:
    classes = int(labels.max()) + 1
    return Dataset(name, tuple(images.shape[1:]), classes, fingerprint_of(images, labels), images=images, labels=labels)
