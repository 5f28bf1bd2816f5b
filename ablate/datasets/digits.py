"""The handwritten digits that come with scikit-learn."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from ablate.datasets.base import Dataset, stored
from ablate.registry import Setting, register


@register(
    "dataset", "digits", shape=(1, 8, 8), classes=10,
    settings=(
        Setting(
            "imbalance", default=1.0, least=1, most=100, silent_default=True,
            doc="images of digit 0 for each one of digit 9; those between fall geometrically",
        ),
    ),
)  # fmt: skip
def digits(imbalance: float) -> Dataset:
    """1797 real handwritten digits of 8 × 8 pixels and 17 grey levels (UCI), which come with scikit-learn."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images = torch.from_numpy(bunch.images).mul(255 / 16).round().to(torch.uint8)[:, None]
    labels = torch.from_numpy(bunch.target).to(torch.int64)
    if imbalance == 1:
        return stored("digits", images, labels, 10)
    kept = long_tailed(labels, imbalance)
    return replace(stored("digits", images[kept], labels[kept], 10), classifier="digits", equal_classes=False)


def long_tailed(labels: Tensor, imbalance: float) -> Tensor:
    """Which of the images [N] with labels from 0 are kept, ascending, so that class k of K has n·imbalance^(−k/(K−1)).

    n is the size of the smallest class before; the last class keeps one image at least. The long-tailed sets of Cao et al.
    (2019) are made so. A class keeps images from all over the set, which may be in the order of its writers.
    """
    counts = torch.bincount(labels)
    sizes = int(counts.min()) * imbalance ** -torch.linspace(0, 1, len(counts), dtype=torch.float64)
    kept = []
    for label, size in enumerate(sizes.round().long().clamp(min=1).tolist()):
        of_class = (labels == label).nonzero().flatten()
        kept.append(of_class[torch.arange(size) * len(of_class) // size])
    return torch.cat(kept).sort().values
