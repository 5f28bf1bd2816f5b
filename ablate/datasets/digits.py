"""The handwritten digits that come with scikit-learn."""

from __future__ import annotations

import torch

from ablate.datasets.base import Dataset, stored
from ablate.datasets.shares import variant
from ablate.registry import Setting, register


@register(
    "dataset", "digits", shape=(1, 8, 8), classes=10,
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
def digits(imbalance: float, scale: float) -> Dataset:
    """1797 real handwritten digits of 8 × 8 pixels and 17 grey levels (UCI), which come with scikit-learn."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images = torch.from_numpy(bunch.images).mul(255 / 16).round().to(torch.uint8)[:, None]
    labels = torch.from_numpy(bunch.target).to(torch.int64)
    return variant(stored("digits", images, labels, 10), imbalance, scale)
