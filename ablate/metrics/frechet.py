"""The Fréchet distance between two Gaussians, in float64 and without a matrix square root.

‖μ₁ − μ₂‖² + tr Σ₁ + tr Σ₂ − 2 tr (Σ₁Σ₂)^½ (Dowson & Landau 1982; as FID, Heusel et al. 2017). With Σ = L Lᵀ the last
trace is the sum of the singular values of L₁ᵀL₂, which is exact for covariances of any rank.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ablate.metrics.evaluation import Evaluation, Evaluations, Reference, by_parts
from ablate.registry import register


@dataclass(frozen=True)
class Gaussian:
    """Mean, trace of the covariance, and a factor of it; of many samples where there are dimensions before the others."""

    mean: Tensor
    """[..., d]"""
    trace: Tensor | float
    """[...]"""
    factor: Tensor
    """L [..., d, r] with L Lᵀ the covariance (n − 1 in the denominator)"""

    @classmethod
    def of_features(cls, features: Tensor) -> Gaussian:
        """Of samples [..., n, d]: the factor comes from the centred samples, or from their QR where they are many.

        Not by way of the covariance, whose rounding is seen in its factor as noise of 1e-8 wherever a feature is unused.
        """
        features = features.double()
        n, d = features.shape[-2:]
        if n < 2:
            raise ValueError(f"a covariance needs at least 2 samples, got {n}")
        mean = features.mean(-2)
        centred = (features - mean[..., None, :]) / math.sqrt(n - 1)
        rows = centred if n <= d else torch.linalg.qr(centred, mode="r").R
        return cls(mean, centred.square().sum((-2, -1)), rows.mT)


def frechet_distances(a: Gaussian, b: Gaussian) -> Tensor:
    """Squared Fréchet (2-Wasserstein) distances of Gaussians, one of which may be a single one: [...], 0 at least."""
    cross = torch.linalg.svdvals(a.factor.mT @ b.factor).sum(-1)
    return ((a.mean - b.mean).square().sum(-1) + a.trace + b.trace - 2 * cross).clamp(min=0)


def frechet_distance(a: Gaussian, b: Gaussian) -> float:
    """That of two."""
    return float(frechet_distances(a, b))


@register(
    "metric", "fid", better="less", scale="ratio", needs=("features",),
    shown=("table", "curves", "levels", "reference"), order=1,
)  # fmt: skip
def fid(e: Evaluation) -> float:
    """Fréchet distance of the features of generated and real samples."""
    return float(e.together(_fids))


def _fids(runs: Evaluations) -> Tensor:
    real = runs.reference.once(real_gaussian)
    return by_parts(lambda features: frechet_distances(Gaussian.of_features(features), real), runs.features)


def real_gaussian(reference: Reference) -> Gaussian:
    """The real sample as a Gaussian; call it by `reference.once`."""
    return Gaussian.of_features(reference.features)
