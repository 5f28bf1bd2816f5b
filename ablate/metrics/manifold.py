"""Precision and recall (Kynkäänniemi et al. 2019), density and coverage (Naeem et al. 2020), by 5 nearest neighbours.

On at most MANIFOLD_SAMPLES features of each side, in blocks, so that memory stays bounded.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ablate.metrics.distances import squared_distances
from ablate.metrics.evaluation import Evaluation, Evaluations, Reference, by_parts
from ablate.registry import register

NEIGHBOURS = 5
MANIFOLD_SAMPLES = 2000
BLOCK = 250
"""Rows of a distance matrix at a time: few enough to stay in a processor's cache"""
GROUP = 20
"""Distances of which the smallest is taken first"""


def radii(features: Tensor, k: int = NEIGHBOURS) -> Tensor:
    """Distance of each sample [..., n, d] to its k-th nearest neighbour, itself not counted: [..., n]."""
    k = min(k, features.shape[-2] - 1)
    blocks = (squared_distances(part, features) for part in features.split(BLOCK, dim=-2))
    return torch.cat([_smallest(block, k + 1) for block in blocks], dim=-1).sqrt()


def _smallest(values: Tensor, k: int) -> Tensor:
    """The k-th smallest along the last dimension: among the k groups with the smallest members, which hold the k smallest."""
    if values.shape[-1] % GROUP == 0 and values.shape[-1] > k * GROUP:
        groups = values.unflatten(-1, (-1, GROUP))
        nearest = groups.amin(-1).topk(k, largest=False, sorted=False).indices
        values = groups.gather(-2, nearest[..., None].expand(*nearest.shape, GROUP)).flatten(-2)
    # several times faster than kthvalue, and the same value
    return values.topk(k, largest=False, sorted=False).values.amax(-1)


MEASURES = ("precision", "recall", "density", "coverage")


def manifold(real: Tensor, fake: Tensor, real_radii: Tensor, k: int = NEIGHBOURS) -> Tensor:
    """MEASURES of features [n, d] and [..., m, d]: [..., 4]."""
    fake_square = radii(fake, k).square()[..., None, :]
    inside = torch.zeros(fake.shape[:-1], dtype=torch.bool, device=fake.device)
    times, recalled, covered = (torch.zeros(fake.shape[:-2], dtype=torch.float64, device=fake.device) for _ in range(3))
    for part, part_radii in zip(real.split(BLOCK), real_radii.split(BLOCK), strict=True):
        square, real_square = squared_distances(part, fake), part_radii.square()[:, None]
        within_real = square < real_square
        inside |= within_real.any(-2)
        times += within_real.sum((-2, -1))
        covered += (square.amin(-1) < real_square[:, 0]).sum(-1)
        recalled += (square < fake_square).any(-1).sum(-1)
    precision, density = inside.double().mean(-1), times / (k * fake.shape[-2])
    return torch.stack([precision, recalled / len(real), density, covered / len(real)], dim=-1)


@register("metric", "precision", better="greater", needs=("features",), at_end=True, shown=("table",), order=8)
def precision(e: Evaluation) -> float:
    """Share of generated samples that lie within the real manifold; meaningless alone: see recall."""
    return float(e.together(_measures)[0])


@register("metric", "recall", better="greater", needs=("features",), at_end=True, shown=("table",), order=9)
def recall(e: Evaluation) -> float:
    """Share of real samples that lie within the generated manifold."""
    return float(e.together(_measures)[1])


@register("metric", "density", better="greater", needs=("features",), at_end=True)
def density(e: Evaluation) -> float:
    """How many real neighbourhoods a generated sample lies in, over k."""
    return float(e.together(_measures)[2])


@register("metric", "coverage", better="greater", needs=("features",), at_end=True)
def coverage(e: Evaluation) -> float:
    """Share of real neighbourhoods that hold a generated sample."""
    return float(e.together(_measures)[3])


def _measures(runs: Evaluations) -> Tensor:
    real, real_radii = runs.reference.features[:MANIFOLD_SAMPLES], runs.reference.once(_real_radii)
    return by_parts(lambda fake: manifold(real, fake, real_radii), runs.features[:, :MANIFOLD_SAMPLES])


def _real_radii(reference: Reference) -> Tensor:
    """Distance of each real feature to its fifth neighbour."""
    return radii(reference.features[:MANIFOLD_SAMPLES])
