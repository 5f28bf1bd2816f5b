"""One critic step and one generator step: pure functions of (weights, optimizer state, other network, batch).

They hold no state and touch no global, so the same code runs eagerly and under torch.compile as one full graph. The
members' losses are summed; since no member's weights enter another's loss, the sum's gradient is each member's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.func import grad

from ablate import registry
from ablate.config.run_config import RunConfig
from ablate.networks.pair import Pair, packed
from ablate.registry.components import owned_settings
from ablate.training.lipschitz import Constraint
from ablate.training.losses import Loss
from ablate.training.optimizers import Optimizer, Rates, State


@dataclass(frozen=True)
class Batch:
    """What one critic step consumes, for every member.

    Where the critic judges packs (ablate.networks.pair.packed), a sample of [member, judged, …] is a pack of them.
    """

    real: Tensor
    """[member, judged, *sample]"""
    labels: Tensor | None
    """[member, batch], of the real samples, and asked of the fake ones; None where training is unconditional"""
    latent: Tensor
    """[member, batch, latent]"""
    epsilon: Tensor
    """[member, judged] in (0, 1), for interpolates"""
    dropout: Tensor | None = None
    """[pass, member, judged, unit] in (0, 1): of the critic's passes over real, fake and interpolated samples"""
    fake: Tensor | None = None
    """[member, batch, *sample], where the critic is not trained against generated samples"""
    rate: Tensor | None = None
    """[], what the learning rate is multiplied by; None for 1"""
    perturbation: Tensor | None = None
    """[member, judged, *sample] in (0, 1), for a penalty that perturbs"""
    fake_noise: Tensor | None = None
    """[member, batch, *sample], added to the fake samples; that of the real ones is in them already"""


@dataclass(frozen=True)
class GeneratorTurn:
    """What one generator step consumes, for every member."""

    latent: Tensor
    """[member, batch, latent]"""
    labels: Tensor | None
    """[member, batch], asked for; None where training is unconditional"""
    dropout: Tensor | None = None
    """[member, judged, unit] in (0, 1), of the critic's pass over generated samples"""
    real: Tensor | None = None
    """[member, judged, *sample], with the same labels, where the loss sees pairs"""
    real_dropout: Tensor | None = None
    """as `dropout`, of the critic's pass over the real samples"""
    rate: Tensor | None = None
    """[], what the learning rate is multiplied by; None for 1"""
    fake_noise: Tensor | None = None
    """[member, batch, *sample], added to the generated samples; that of the real ones is in them already"""


class Steps:
    """The two steps of a cohort whose runs share the structure of their first one."""

    def __init__(
        self,
        configs: Sequence[RunConfig],
        pair: Pair,
        dtype: torch.dtype,
        device: torch.device,
        scale: float = 1.0,
    ):
        """`scale`: what generated samples are multiplied by before the critic sees them; real ones come with it."""
        first = configs[0]
        self.pair, self.scale, self.pack = pair, scale, first.pack

        def column(values: list[float]) -> Tensor:
            return torch.tensor(values, dtype=dtype, device=device)

        def own(kind: str) -> dict[str, Any]:
            """What the chosen component owns: a number of each member as [member], other settings as they are."""
            settings = owned_settings(kind, getattr(first, kind))
            return {
                name: column([c.own[name] for c in configs]) if setting.per_member else first.own[name]
                for name, setting in settings.items()
            }

        self.loss: Loss = registry.get("loss", first.loss)(own("loss"))
        self.constraint: Constraint = registry.get("lipschitz", first.lipschitz)(own("lipschitz"))
        self.optimizer: type[Optimizer] = registry.get("optimizer", first.optimizer)
        shared = {k: v[:, None] if isinstance(v, Tensor) else v for k, v in own("optimizer").items()}
        if not any(c.own.get("weight_decay") for c in configs):
            shared.pop("weight_decay", None)
        self.generator_rates = {"lr": column([c.lr for c in configs])[:, None], **shared}
        self.critic_rates = {"lr": column([c.critic_lr or c.lr for c in configs])[:, None], **shared}

    def _score(self, critic: Tensor, x: Tensor, labels: Tensor | None, dropout: Tensor | None) -> Tensor:
        inputs = (x, labels) if dropout is None else (x, labels, dropout)
        return self.pair.critic(critic, *inputs).to(critic.dtype)  # of coarser arithmetic too

    def fakes(self, generator: Tensor, latent: Tensor, labels: Tensor | None) -> Tensor:
        """Generated samples as the critic sees them: [member, batch, *sample]."""
        samples = self.pair.generator(generator, latent, labels).to(generator.dtype)
        return samples if self.scale == 1 else samples * self.scale

    def critic_loss(self, critic: Tensor, fake: Tensor, batch: Batch) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Sum over members, to be differentiated; and per member the loss and the gap E f(real) − E f(fake).

        Real and fake pass separately: in one pass batch norm would mix them.
        """

        def score(x: Tensor, turn: int = 2) -> Tensor:
            return self._score(critic, x, batch.labels, None if batch.dropout is None else batch.dropout[turn])

        penalty: Tensor | None
        real_scores, fake_scores = score(batch.real, 0), score(fake, 1)
        loss = self.loss.critic(real_scores, fake_scores)
        if batch.perturbation is not None:
            penalty = self.constraint.perturbed_penalty(score, batch.real, batch.perturbation, batch.epsilon)
        else:
            penalty = self.constraint.penalty(score, batch.real, fake, batch.epsilon)
        loss = loss if penalty is None else loss + penalty
        return loss.sum(), (loss, real_scores.mean(1) - fake_scores.mean(1))

    def critic_step(
        self, critic: Tensor, state: State, generator: Tensor, batch: Batch
    ) -> tuple[Tensor, State, Tensor]:
        """→ critic, state, and per member [loss, gap, norm of the loss's gradient]: [3, member]."""
        fake = self.fakes(generator, batch.latent, batch.labels) if batch.fake is None else batch.fake
        fake = packed(_noisy(fake, batch.fake_noise), self.pack)
        if self.constraint.projects_before:
            critic = self.constraint.project(critic)
        gradient, (loss, gap) = grad(self.critic_loss, has_aux=True)(critic, fake, batch)
        critic, state = self.optimizer.update(critic, gradient, state, _scaled(self.critic_rates, batch.rate))
        if not self.constraint.projects_before:
            critic = self.constraint.project(critic)
        critic = self.pair.critic.after_step(critic)
        return critic, state, torch.stack([loss, gap, gradient.norm(dim=1)])

    def generator_step(
        self, generator: Tensor, state: State, critic: Tensor, turn: GeneratorTurn
    ) -> tuple[Tensor, State, Tensor]:
        """→ generator, state, and per member [loss, norm of the loss's gradient]: [2, member]."""
        real_scores = None
        if turn.real is not None:
            real_scores = self._score(critic, turn.real, turn.labels, turn.real_dropout)

        def objective(weights: Tensor) -> tuple[Tensor, Tensor]:
            fake = packed(_noisy(self.fakes(weights, turn.latent, turn.labels), turn.fake_noise), self.pack)
            fake_scores = self._score(critic, fake, turn.labels, turn.dropout)
            if real_scores is None:
                loss = self.loss.generator(fake_scores)
            else:
                loss = self.loss.paired_generator(real_scores, fake_scores)
            return loss.sum(), loss

        gradient, loss = grad(objective, has_aux=True)(generator)
        generator, state = self.optimizer.update(generator, gradient, state, _scaled(self.generator_rates, turn.rate))
        return generator, state, torch.stack([loss, gradient.norm(dim=1)])


def _noisy(samples: Tensor, noise: Tensor | None) -> Tensor:
    return samples if noise is None else samples + noise


def _scaled(rates: Rates, factor: Tensor | None) -> Rates:
    return rates if factor is None else {**rates, "lr": rates["lr"] * factor}
