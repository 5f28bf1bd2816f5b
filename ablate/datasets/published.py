"""Published sets of images, which torchvision reads, checks and, where they are missing, downloads."""

from __future__ import annotations

import gzip
import pickle
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ablate.datasets.base import Dataset, stored
from ablate.datasets.shares import variant
from ablate.errors import MissingData
from ablate.files.data_folder import DATA_VARIABLE, data_folder
from ablate.registry import Setting, register

CLASSES = 10
IDX_FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
DEBIAN = Path("/usr/share/datasets/fashion-mnist")
"""Where Debian's package dataset-fashion-mnist puts its files"""
CIFAR_FILES = (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch", "batches.meta")

READING_FAILS = (
    RuntimeError, OSError, EOFError, ValueError, TypeError, KeyError, IndexError, AssertionError, pickle.UnpicklingError,
    zlib.error,
)  # fmt: skip
"""What torchvision's readers raise on broken files: its checks of idx files are assertions and look-ups."""


@register(
    "dataset", "mnist", shape=(1, 28, 28), classes=10,
    settings=(
        Setting(
            "imbalance", default=1.0, least=1, most=100, silent_default=True,
            doc="images of the first class for each one of the last; those between fall geometrically",
        ),
        Setting(
            "scale", default=1.0, above=0, most=1000, silent_default=True,
            doc="what the critic sees of real and generated images is multiplied by; metrics see them in [-1, 1]",
        ),
    ),
)  # fmt: skip
def mnist(imbalance: float = 1.0, scale: float = 1.0) -> Dataset:
    """The 60,000 training images of MNIST, 28 × 28, through torchvision."""
    from torchvision.datasets import MNIST

    return variant(_idx("mnist", MNIST), imbalance, scale)


@register(
    "dataset", "mnist32", shape=(1, 32, 32), classes=10,
    settings=(
        Setting(
            "imbalance", default=1.0, least=1, most=100, silent_default=True,
            doc="images of the first class for each one of the last; those between fall geometrically",
        ),
        Setting(
            "scale", default=1.0, above=0, most=1000, silent_default=True,
            doc="what the critic sees of real and generated images is multiplied by; metrics see them in [-1, 1]",
        ),
    ),
)  # fmt: skip
def mnist32(imbalance: float = 1.0, scale: float = 1.0) -> Dataset:
    """MNIST resized to 32 × 32 as torchvision's Resize does it for D1: Pillow's, bilinear with antialias."""
    from PIL.Image import Resampling, fromarray

    small = mnist()
    assert small.images is not None
    assert small.labels is not None
    # Pillow computes in whole numbers: the same pixels, and so the same fingerprint, on every processor
    resized = [
        np.asarray(fromarray(image).resize((32, 32), Resampling.BILINEAR)) for image in small.images[:, 0].numpy()
    ]
    whole = stored("mnist32", torch.from_numpy(np.stack(resized))[:, None], small.labels, CLASSES)
    return variant(whole, imbalance, scale)


@register(
    "dataset", "fashion_mnist", shape=(1, 28, 28), classes=10,
    settings=(
        Setting(
            "imbalance", default=1.0, least=1, most=100, silent_default=True,
            doc="images of the first class for each one of the last; those between fall geometrically",
        ),
        Setting(
            "scale", default=1.0, above=0, most=1000, silent_default=True,
            doc="what the critic sees of real and generated images is multiplied by; metrics see them in [-1, 1]",
        ),
    ),
)  # fmt: skip
def fashion_mnist(imbalance: float = 1.0, scale: float = 1.0) -> Dataset:
    """The 60,000 training images of Fashion-MNIST, 28 × 28, through torchvision or from Debian's package of them.

    The folder of the data sets comes first, then the package dataset-fashion-mnist, then a download.
    """
    from torchvision.datasets import FashionMNIST

    if not (data_folder() / "FashionMNIST" / "raw").is_dir() and DEBIAN.is_dir():
        images, labels = (_debian(f"train-{part}-ubyte.gz") for part in ("images-idx3", "labels-idx1"))
        whole = _checked("fashion_mnist", images[:, None], labels, (1, 28, 28), DEBIAN)
    else:
        whole = _idx("fashion_mnist", FashionMNIST)
    return variant(whole, imbalance, scale)


@register("dataset", "cifar10", shape=(3, 32, 32), classes=10)
def cifar10() -> Dataset:
    """The 50,000 training images of CIFAR-10, 32 × 32 in colour, through torchvision."""
    from torchvision.datasets import CIFAR10

    data = _read("CIFAR-10", CIFAR10, Path(CIFAR10.base_folder), CIFAR_FILES)
    images = torch.from_numpy(np.ascontiguousarray(data.data.transpose(0, 3, 1, 2)))
    return _checked("cifar10", images, torch.tensor(data.targets), (3, 32, 32), Path(CIFAR10.base_folder))


def _idx(name: str, reader: Any) -> Dataset:
    raw = Path(reader.__name__) / "raw"
    data = _read(reader.__name__, reader, raw, IDX_FILES)
    return _checked(name, data.data[:, None], data.targets, (1, 28, 28), raw)


def _debian(name: str) -> Tensor:
    """An idx file of Debian's package: uint8 of the sizes that its header says; MissingData where it is not one."""
    try:
        content = gzip.decompress((DEBIAN / name).read_bytes())
        sizes = [int.from_bytes(content[4 * i :][:4], "big") for i in range(1, content[3] + 1)]
        return torch.frombuffer(bytearray(content), dtype=torch.uint8, offset=4 * (1 + len(sizes))).view(sizes)
    except READING_FAILS as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise _damaged("Fashion-MNIST", DEBIAN, reason) from error


def _read(title: str, reader: Any, inside: Path, files: tuple[str, ...]) -> Any:
    folder = data_folder()
    try:
        return reader(str(folder), train=True, download=True)
    except READING_FAILS as error:
        missing = [file for file in files if not (folder / inside / file).is_file()]
        reason = " ".join(str(error).split()) or type(error).__name__
        if not missing:
            raise _damaged(title, inside, reason) from error
        raise MissingData(
            f"{title} is not in {folder} and could not be downloaded ({reason}). Put the files {', '.join(files[:-1])} "
            f"and {files[-1]} into {folder / inside}, or name the folder that holds {inside} with --data or "
            f"{DATA_VARIABLE}."
        ) from error


def _damaged(title: str, inside: Path, reason: str) -> MissingData:
    folder = data_folder() / inside
    if inside == DEBIAN:
        return MissingData(
            f"{folder}: the files of Debian's package dataset-fashion-mnist are there, but cannot be read ({reason}). "
            "Install it again: `apt-get install --reinstall dataset-fashion-mnist`."
        )
    return MissingData(
        f"{folder}: the files of {title} are there, but cannot be read ({reason}). Delete that folder, so that they are "
        f"downloaded again, or put sound ones there."
    )


def _checked(name: str, images: Tensor, labels: Tensor, shape: tuple[int, ...], inside: Path) -> Dataset:
    """What torchvision does not check of files without checksums."""
    if not len(images) or tuple(images.shape[1:]) != shape:
        raise _damaged(name, inside, f"{len(images)} images of shape {tuple(images.shape[1:])}, expected {shape}")
    if labels.shape != (len(images),):
        raise _damaged(name, inside, f"{len(images)} images, but {len(labels)} labels")
    if not 0 <= int(labels.min()) <= int(labels.max()) < CLASSES:
        raise _damaged(
            name, inside, f"labels from {int(labels.min())} to {int(labels.max())}, expected 0 to {CLASSES - 1}"
        )
    return stored(name, images, labels.to(torch.int64), CLASSES)
