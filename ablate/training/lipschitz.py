"""Lipschitz constraints on the critic: a penalty in its loss, or a projection of its weights after its step.

A penalty is given `score` (samples [member, batch, *sample] → [member, batch]), real and fake samples, and epsilon
[member, batch], one for each sample. Labels are bound inside `score`, so that no gradient is taken to them.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ablate.registry import register

Score = Callable[[Tensor], Tensor]


class Constraint:
    """What is not overridden does nothing."""

    penalty: Callable[[Score, Tensor, Tensor, Tensor], Tensor] | None = None
    """(score, real, fake, epsilon) → [member]; added to the critic's loss times lambda_gp"""
    project: Callable[[Tensor, Tensor], Tensor] | None = None
    """(weights [member, parameter], clip_value [member]) → weights"""


def interpolate(real: Tensor, fake: Tensor, epsilon: Tensor) -> Tensor:
    """ε·real + (1 − ε)·fake with one ε for each sample."""
    weight = epsilon.reshape(*epsilon.shape, *[1] * (real.dim() - epsilon.dim()))
    return weight * real + (1 - weight) * fake


def slope(score: Score, x: Tensor) -> Tensor:
    """Euclidean norm of the score's gradient with respect to each sample: [member, batch].

    The root is safe: where the gradient is 0, so is the norm's own gradient.
    """
    gradient = torch.func.grad(lambda v: score(v).sum())(x)
    square = gradient.flatten(2).square().sum(2)
    positive = square > 0
    return torch.where(positive, torch.where(positive, square, 1.0).sqrt(), 0.0)


@register("lipschitz", "none")
class Unconstrained(Constraint):
    """No constraint."""


@register("lipschitz", "clip", settings={"clip_value": None, "clip_before": False})
class Clip(Constraint):
    """WGAN, Arjovsky et al. 2017: after each critic step (or before it) every parameter is clamped to ± clip_value."""

    @staticmethod
    def project(weights: Tensor, clip_value: Tensor) -> Tensor:
        bound = clip_value[:, None]
        return torch.maximum(torch.minimum(weights, bound), -bound)


@register("lipschitz", "gradient_penalty", settings={"lambda_gp": None})
class GradientPenalty(Constraint):
    """WGAN-GP, Gulrajani et al. 2017: E (‖∇f(x̂)‖ − 1)² at interpolates of real and fake."""

    @staticmethod
    def penalty(score: Score, real: Tensor, fake: Tensor, epsilon: Tensor) -> Tensor:
        return (slope(score, interpolate(real, fake, epsilon)) - 1).square().mean(1)


@register("lipschitz", "one_sided_penalty", settings={"lambda_gp": None})
class OneSidedPenalty(Constraint):
    """WGAN-LP, Petzka et al. 2018: E max(0, ‖∇f(x̂)‖ − 1)², only slopes above 1 are penalized."""

    @staticmethod
    def penalty(score: Score, real: Tensor, fake: Tensor, epsilon: Tensor) -> Tensor:
        return torch.relu(slope(score, interpolate(real, fake, epsilon)) - 1).square().mean(1)


@register("lipschitz", "r1", settings={"lambda_gp": None})
class R1(Constraint):
    """R1, Mescheder et al. 2018: ½ E ‖∇f‖² at real samples (their γ is lambda_gp)."""

    @staticmethod
    def penalty(score: Score, real: Tensor, fake: Tensor, epsilon: Tensor) -> Tensor:
        return slope(score, real).square().mean(1) / 2
