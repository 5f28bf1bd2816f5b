"""Relativistic losses, Jolicoeur-Martineau 2018: each sample is judged against samples of the other kind.

Both networks' losses see real and generated scores, so the generator's step is given real samples too.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from ablate.registry import register
from ablate.training.losses import Loss


@register("loss", "relativistic")
class Relativistic(Loss):
    """RpGAN, Jolicoeur-Martineau 2018, and R3GAN, Huang et al. 2024: E softplus(f(fake) − f(real)) over pairs, and reversed."""

    pairs = True

    def critic(self, real: Tensor, fake: Tensor) -> Tensor:
        return F.softplus(fake - real).mean(1)

    def paired_generator(self, real: Tensor, fake: Tensor) -> Tensor:
        return F.softplus(real - fake).mean(1)


@register("loss", "relativistic_average")
class RelativisticAverage(Loss):
    """RaGAN, Jolicoeur-Martineau 2018: non-saturating, of scores less the mean score of the other kind."""

    pairs = True

    def critic(self, real: Tensor, fake: Tensor) -> Tensor:
        return F.softplus(-_above(real, fake)).mean(1) + F.softplus(_above(fake, real)).mean(1)

    def paired_generator(self, real: Tensor, fake: Tensor) -> Tensor:
        return self.critic(fake, real)


@register("loss", "relativistic_average_hinge")
class RelativisticAverageHinge(Loss):
    """RaHingeGAN, Jolicoeur-Martineau 2018: hinges of scores less the mean score of the other kind."""

    pairs = True

    def critic(self, real: Tensor, fake: Tensor) -> Tensor:
        return F.relu(1 - _above(real, fake)).mean(1) + F.relu(1 + _above(fake, real)).mean(1)

    def paired_generator(self, real: Tensor, fake: Tensor) -> Tensor:
        return self.critic(fake, real)


def _above(scores: Tensor, others: Tensor) -> Tensor:
    """Scores [member, batch] less the mean of the others."""
    return scores - others.mean(1, keepdim=True)
