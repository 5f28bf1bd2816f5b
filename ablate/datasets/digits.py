"""The handwritten digits that come with scikit-learn."""

from __future__ import annotations

import torch

from ablate.datasets.base import Dataset, stored
from ablate.registry import register


@register("dataset", "digits", shape=(1, 8, 8), classes=10)
def digits() -> Dataset:
    """1797 real handwritten digits of 8 × 8 pixels and 17 grey levels (UCI), which come with scikit-learn."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images = torch.from_numpy(bunch.images).mul(255 / 16).round().to(torch.uint8)[:, None]
    return stored("digits", images, torch.from_numpy(bunch.target).to(torch.int64), 10)
