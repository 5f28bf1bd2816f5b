"""The Fréchet distance between two Gaussians, in float64 and without a matrix square root.

‖μ₁ − μ₂‖² + tr Σ₁ + tr Σ₂ − 2 tr (Σ₁Σ₂)^½ (Dowson & Landau 1982; as FID, Heusel et al. 2017). With Σ = L Lᵀ the last
trace is the sum of the singular values of L₁ᵀL₂, which is exact for covariances of any rank.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ablate.metrics.evaluation import Evaluation
from ablate.registry import register


@dataclass(frozen=True)
class Gaussian:
    """Mean, trace of the covariance, and a factor of it."""

    mean: Tensor
    """[d]"""
    trace: float
    factor: Tensor
    """L [d, r] with L Lᵀ the covariance (n − 1 in the denominator)"""

    @classmethod
    def of_features(cls, features: Tensor) -> Gaussian:
        """Of a sample [n, d]: with fewer samples than dimensions the centred samples are the factor themselves."""
        features = features.double()
        n, d = features.shape
        if n < 2:
            raise ValueError(f"a covariance needs at least 2 samples, got {n}")
        centred = features - features.mean(0)
        if n <= d:
            return cls(features.mean(0), float(centred.square().sum() / (n - 1)), centred.T / math.sqrt(n - 1))
        return cls.of_moments(features.mean(0), centred.T @ centred / (n - 1))

    @classmethod
    def of_moments(cls, mean: Tensor, covariance: Tensor) -> Gaussian:
        """Of a mean [d] and a covariance [d, d]; eigenvalues below 0 are rounding and count as 0."""
        values, vectors = torch.linalg.eigh(covariance.double())
        return cls(mean.double(), float(covariance.double().trace()), vectors * values.clamp(min=0).sqrt())


def frechet_distance(a: Gaussian, b: Gaussian) -> float:
    """Squared Fréchet (2-Wasserstein) distance of two Gaussians; 0 at least."""
    cross = torch.linalg.svdvals(a.factor.T @ b.factor).sum()
    distance = (a.mean - b.mean).square().sum() + a.trace + b.trace - 2 * cross
    return max(0.0, float(distance))


@register("metric", "fid", better="less", scale="ratio")
def fid(e: Evaluation) -> float:
    """Fréchet distance of the features of generated and real samples."""
    return frechet_distance(Gaussian.of_features(e.features), e.reference.gaussian)
