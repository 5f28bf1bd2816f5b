"""Penalties that ask for a slope of 0, as R1 does: at generated samples, at both, and at interpolates of the two.

Mescheder et al. 2018 regularize the critic where the two distributions lie, and halve the penalty; Thanh-Tung et al. 2019
do so between them, and do not halve it. `lambda_gp` is their γ, or λ.
"""

from __future__ import annotations

from torch import Tensor

from ablate.registry import Setting, register
from ablate.training.lipschitz import Constraint, Score, interpolate, slope


def _half_square(score: Score, x: Tensor) -> Tensor:
    """½ E ‖∇f(x)‖² of samples [member, batch, *sample]: [member]."""
    return slope(score, x).square().mean(1) / 2


@register("lipschitz", "r2", penalty=True, settings=(Setting("lambda_gp", above=0, doc="weight of the penalty"),))
class R2(Constraint):
    """R2, Mescheder et al. 2018: ½ E ‖∇f‖² at generated samples (their γ is lambda_gp)."""

    def penalty(self, score: Score, real: Tensor, fake: Tensor, epsilon: Tensor) -> Tensor:
        return self.own["lambda_gp"] * _half_square(score, fake)


@register("lipschitz", "r1_r2", penalty=True, settings=(Setting("lambda_gp", above=0, doc="weight of the penalty"),))
class R1R2(Constraint):
    """R1 + R2, as R3GAN, Huang et al. 2024: ½ E ‖∇f‖² at real and at generated samples, with one γ (lambda_gp)."""

    def penalty(self, score: Score, real: Tensor, fake: Tensor, epsilon: Tensor) -> Tensor:
        return self.own["lambda_gp"] * (_half_square(score, real) + _half_square(score, fake))


@register(
    "lipschitz", "zero_centred_penalty", penalty=True,
    settings=(Setting("lambda_gp", above=0, doc="weight of the penalty"),),
)  # fmt: skip
class ZeroCentredPenalty(Constraint):
    """0-GP, Thanh-Tung et al. 2019: E ‖∇f(x̂)‖² at interpolates of real and fake."""

    def penalty(self, score: Score, real: Tensor, fake: Tensor, epsilon: Tensor) -> Tensor:
        return self.own["lambda_gp"] * slope(score, interpolate(real, fake, epsilon)).square().mean(1)
