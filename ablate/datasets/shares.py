"""Variants of a stored set of images: classes of unequal shares, and another scale of what the critic sees."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from ablate.datasets.base import Dataset, fingerprint_of, stored


def variant(dataset: Dataset, imbalance: float, scale: float, classifier: str = "") -> Dataset:
    """A stored, labelled set with its options `imbalance` and `scale`; as it is where both are 1.

    `classifier` is the dataset whose classifier judges the images, where that is not the set's own. The images that are
    kept are judged by the classifier of them all, and labels are asked for in the shares that they have. The
    fingerprint is that of the images that are kept, with the scale where it is not 1.
    """
    assert dataset.images is not None
    assert dataset.labels is not None
    judge = classifier or dataset.classifier
    if imbalance != 1:
        kept = long_tailed(dataset.labels, imbalance)
        fewer = stored(dataset.name, dataset.images[kept], dataset.labels[kept], dataset.n_classes)
        dataset, judge = replace(fewer, equal_classes=False), judge or dataset.name
    if scale != 1:
        fingerprint = fingerprint_of(dataset.fingerprint, f"scale {scale!r}")
        dataset, judge = replace(dataset, scale=scale, fingerprint=fingerprint), judge or dataset.name
    return replace(dataset, classifier=judge)


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
