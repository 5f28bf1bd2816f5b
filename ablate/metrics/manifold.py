"""Precision and recall (Kynkäänniemi et al. 2019), density and coverage (Naeem et al. 2020), by 5 nearest neighbours.

On at most MANIFOLD_SAMPLES features of each side, in blocks, so that memory stays bounded.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ablate.metrics.evaluation import Evaluation, Reference
from ablate.registry import register

NEIGHBOURS = 5
MANIFOLD_SAMPLES = 2000
BLOCK = 250
"""Rows of a distance matrix at a time: few enough to stay in a processor's cache"""


def radii(features: Tensor, k: int = NEIGHBOURS) -> Tensor:
    """Distance of each sample [n, d] to its k-th nearest neighbour, itself not counted: [n]."""
    k = min(k, len(features) - 1)
    blocks = (torch.cdist(part, features) for part in features.split(BLOCK))
    # several times faster than kthvalue, and the same value
    return torch.cat([block.topk(k + 1, dim=1, largest=False, sorted=False).values.amax(1) for block in blocks])


def prdc(real: Tensor, fake: Tensor, real_radii: Tensor, k: int = NEIGHBOURS) -> dict[str, float]:
    """precision, recall, density and coverage of features [n, d] and [m, d]."""
    fake_radii = radii(fake, k)
    inside_real = torch.zeros(len(fake), dtype=torch.int64)
    recalled, covered = 0, 0
    for part, part_radii in zip(real.split(BLOCK), real_radii.split(BLOCK), strict=True):
        distance = torch.cdist(part, fake)
        within_real = distance < part_radii[:, None]
        inside_real += within_real.sum(0)
        covered += int((distance.amin(1) < part_radii).sum())
        recalled += int((distance < fake_radii).any(1).sum())
    return {
        "precision": float((inside_real > 0).double().mean()),
        "recall": recalled / len(real),
        "density": float(inside_real.double().mean()) / k,
        "coverage": covered / len(real),
    }


@register("metric", "precision", better="greater", needs=("features",), at_end=True, shown=("table",), order=8)
def precision(e: Evaluation) -> float:
    """Share of generated samples that lie within the real manifold; meaningless alone: see recall."""
    return e.once(_prdc)["precision"]


@register("metric", "recall", better="greater", needs=("features",), at_end=True, shown=("table",), order=9)
def recall(e: Evaluation) -> float:
    """Share of real samples that lie within the generated manifold."""
    return e.once(_prdc)["recall"]


@register("metric", "density", better="greater", needs=("features",), at_end=True)
def density(e: Evaluation) -> float:
    """How many real neighbourhoods a generated sample lies in, over k."""
    return e.once(_prdc)["density"]


@register("metric", "coverage", better="greater", needs=("features",), at_end=True)
def coverage(e: Evaluation) -> float:
    """Share of real neighbourhoods that hold a generated sample."""
    return e.once(_prdc)["coverage"]


def _prdc(e: Evaluation) -> dict[str, float]:
    real, fake = e.reference.features[:MANIFOLD_SAMPLES], e.features[:MANIFOLD_SAMPLES]
    return prdc(real, fake, e.reference.once(_real_radii))


def _real_radii(reference: Reference) -> Tensor:
    """Distance of each real feature to its fifth neighbour."""
    return radii(reference.features[:MANIFOLD_SAMPLES])
