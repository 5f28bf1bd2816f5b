"""DRAGAN: a penalty around the real samples, which need no generated ones, at points that noise has moved."""

from __future__ import annotations

from torch import Tensor

from ablate.registry import Setting, register
from ablate.training.lipschitz import Constraint, Score, interpolate, slope


@register(
    "lipschitz", "dragan", penalty=True,
    settings=(
        Setting("lambda_gp", above=0, doc="weight of the penalty"),
        Setting("perturbation", default=0.5, above=0, doc="size of DRAGAN's noise, in standard deviations of the batch"),
    ),
)  # fmt: skip
class Dragan(Constraint):
    """DRAGAN, Kodali et al. 2017, as their code: E (‖∇f(x̂)‖ − 1)², x̂ at a random part of the way from real to real + noise.

    The noise is uniform in (0, 1), times `perturbation` and the standard deviation of all numbers of the real batch.
    """

    perturbs = True

    def perturbed_penalty(self, score: Score, real: Tensor, noise: Tensor, epsilon: Tensor) -> Tensor:
        size = self.own["perturbation"] * real.flatten(1).std(1, correction=0)
        moved = real + size.reshape(-1, *[1] * (real.dim() - 1)) * noise
        return self.own["lambda_gp"] * (slope(score, interpolate(moved, real, epsilon)) - 1).square().mean(1)
