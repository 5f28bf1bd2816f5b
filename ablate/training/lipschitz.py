"""Lipschitz constraints on the critic: a penalty in its loss, or a projection of its weights after its step.

A penalty is given `score` (samples [member, batch, *sample] → [member, batch]), real and fake samples, and epsilon
[member, batch], one for each sample. Labels are bound inside `score`, so that no gradient is taken to them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from ablate.registry import Setting, register

Score = Callable[[Tensor], Tensor]


class Constraint:
    """What is not overridden does nothing. `own` holds the constraint's settings: numbers as [member], others as they are."""

    projects_before = False
    """whether `project` comes before the critic's step, not after it"""
    perturbs = False
    """whether the penalty is `perturbed_penalty`, which is given noise in place of generated samples"""

    def __init__(self, own: Mapping[str, Any]):
        self.own = own

    def penalty(self, score: Score, real: Tensor, fake: Tensor, epsilon: Tensor) -> Tensor | None:
        """What is added to the critic's loss: [member]."""
        return None

    def perturbed_penalty(self, score: Score, real: Tensor, noise: Tensor, epsilon: Tensor) -> Tensor:
        """What is added to the critic's loss, [member], where it `perturbs`; noise [member, batch, *sample] is U(0, 1)."""
        raise NotImplementedError

    def project(self, weights: Tensor) -> Tensor:
        """The weights [member, parameter] as the constraint allows them."""
        return weights


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


@register(
    "lipschitz", "clip",
    settings=(
        Setting("clip_value", above=0, doc="bound on the absolute value of the critic's weights"),
        Setting(
            "clip_before", "flag", False, "clip before the critic's step, not after it: the bound then fails in use"
        ),
    ),
)  # fmt: skip
class Clip(Constraint):
    """WGAN, Arjovsky et al. 2017: after each critic step (or before it) every parameter is clamped to ± clip_value."""

    @property
    def projects_before(self) -> bool:  # type: ignore[override]
        return bool(self.own["clip_before"])

    def project(self, weights: Tensor) -> Tensor:
        bound = self.own["clip_value"][:, None]
        return torch.maximum(torch.minimum(weights, bound), -bound)


@register(
    "lipschitz", "gradient_penalty", penalty=True,
    settings=(Setting("lambda_gp", above=0, doc="weight of the penalty"),),
)  # fmt: skip
class GradientPenalty(Constraint):
    """WGAN-GP, Gulrajani et al. 2017: E (‖∇f(x̂)‖ − 1)² at interpolates of real and fake."""

    def penalty(self, score: Score, real: Tensor, fake: Tensor, epsilon: Tensor) -> Tensor:
        return self.own["lambda_gp"] * (slope(score, interpolate(real, fake, epsilon)) - 1).square().mean(1)


@register(
    "lipschitz", "one_sided_penalty", penalty=True,
    settings=(Setting("lambda_gp", above=0, doc="weight of the penalty"),),
)  # fmt: skip
class OneSidedPenalty(Constraint):
    """WGAN-LP, Petzka et al. 2018: E max(0, ‖∇f(x̂)‖ − 1)², only slopes above 1 are penalized."""

    def penalty(self, score: Score, real: Tensor, fake: Tensor, epsilon: Tensor) -> Tensor:
        excess = torch.relu(slope(score, interpolate(real, fake, epsilon)) - 1)
        return self.own["lambda_gp"] * excess.square().mean(1)


@register("lipschitz", "r1", penalty=True, settings=(Setting("lambda_gp", above=0, doc="weight of the penalty"),))
class R1(Constraint):
    """R1, Mescheder et al. 2018: ½ E ‖∇f‖² at real samples (their γ is lambda_gp)."""

    def penalty(self, score: Score, real: Tensor, fake: Tensor, epsilon: Tensor) -> Tensor:
        return self.own["lambda_gp"] * (slope(score, real).square().mean(1) / 2)
