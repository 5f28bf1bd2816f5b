"""Adversarial losses: pure functions of the critic's scores, one value for each member.

Scores are [member, batch] before any activation; `real` of real samples, `fake` of generated ones. Any loss can be had
with any Lipschitz constraint (`ablate.training.lipschitz`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch.nn.functional as F
from torch import Tensor

from ablate.registry import register


class Loss:
    """critic(real, fake) and generator(fake) give what each network minimizes: [member].

    With `pairs`, the generator's loss is paired_generator(real, fake) instead: the scores of real samples are those of the
    batch of the critic step next to it, under the same labels. `own` holds the loss's settings: numbers as [member], others
    as they are.
    """

    pairs = False
    """whether the generator's loss needs the scores of real samples too"""

    def __init__(self, own: Mapping[str, Any]):
        self.own = own

    def critic(self, real: Tensor, fake: Tensor) -> Tensor:
        raise NotImplementedError

    def generator(self, fake: Tensor) -> Tensor:
        raise NotImplementedError

    def paired_generator(self, real: Tensor, fake: Tensor) -> Tensor:
        raise NotImplementedError


@register("loss", "minimax", log_loss=True)
class Minimax(Loss):
    """Goodfellow et al. 2014, equation 1: the generator minimizes E log(1 − D(G(z)))."""

    def critic(self, real: Tensor, fake: Tensor) -> Tensor:
        return F.softplus(-real).mean(1) + F.softplus(fake).mean(1)

    def generator(self, fake: Tensor) -> Tensor:
        return -F.softplus(fake).mean(1)


@register("loss", "non_saturating", log_loss=True)
class NonSaturating(Minimax):
    """Goodfellow et al. 2014, section 3: the generator maximizes E log D(G(z))."""

    def generator(self, fake: Tensor) -> Tensor:
        return F.softplus(-fake).mean(1)


@register("loss", "least_squares")
class LeastSquares(Loss):
    """LSGAN, Mao et al. 2017, equation 9: targets 1 for real, 0 for fake, 1 for the generator."""

    def critic(self, real: Tensor, fake: Tensor) -> Tensor:
        return ((real - 1).square().mean(1) + fake.square().mean(1)) / 2

    def generator(self, fake: Tensor) -> Tensor:
        return (fake - 1).square().mean(1) / 2


@register("loss", "wasserstein")
class Wasserstein(Loss):
    """WGAN, Arjovsky et al. 2017: the critic maximizes E f(real) − E f(fake)."""

    def critic(self, real: Tensor, fake: Tensor) -> Tensor:
        return fake.mean(1) - real.mean(1)

    def generator(self, fake: Tensor) -> Tensor:
        return -fake.mean(1)


@register("loss", "probability")
class Probability(Loss):
    """A discriminator without the logarithm: it maximizes E D(real) − E D(fake) of probabilities D, WGAN's with a sigmoid."""

    def critic(self, real: Tensor, fake: Tensor) -> Tensor:
        return fake.sigmoid().mean(1) - real.sigmoid().mean(1)

    def generator(self, fake: Tensor) -> Tensor:
        return -fake.sigmoid().mean(1)


@register("loss", "hinge")
class Hinge(Loss):
    """Lim & Ye 2017, Miyato et al. 2018: margins of 1 on either side."""

    def critic(self, real: Tensor, fake: Tensor) -> Tensor:
        return F.relu(1 - real).mean(1) + F.relu(1 + fake).mean(1)

    def generator(self, fake: Tensor) -> Tensor:
        return -fake.mean(1)
