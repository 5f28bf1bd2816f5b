"""The WGAN-GP training loop as people write it: one run, autograd, torch.optim, a penalty on interpolates.

D1's text has this loop in full. D0's says the same with 1 critic step; the toy experiment of the WGAN-GP paper's authors
differs in numbers only. All random inputs may be given from outside, so that another implementation can be fed the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

Batches = Iterator[tuple[Tensor, Tensor | None]]
"""Endless (samples [batch, *sample], labels [batch] or None)"""


@dataclass(frozen=True)
class Losses:
    """Of one step: the critic's at each of its updates [n_critic], and the generator's, a scalar."""

    critic: Tensor
    generator: Tensor


def gradient_penalty(critic: nn.Module, real: Tensor, fake: Tensor, labels: Tensor | None, epsilon: Tensor) -> Tensor:
    """Mean of (‖∇f(x̂)‖ − 1)² at x̂ = ε·real + (1 − ε)·fake, one ε a sample, written as D1 has it; no gradient to labels."""
    alpha = epsilon.view(-1, *[1] * (real.dim() - 1))
    interpolates = (alpha * real + (1 - alpha) * fake).requires_grad_(True)
    scores = critic(interpolates, labels)
    gradients = torch.autograd.grad(
        outputs=scores, inputs=interpolates, grad_outputs=torch.ones_like(scores), create_graph=True, retain_graph=True
    )[0]
    gradients = gradients.reshape(len(gradients), -1)
    return ((gradients.norm(2, dim=1) - 1) ** 2).mean()


class WganGp:
    """A generator G(z, labels) and a critic D(x, labels), both under Adam, and the loop that trains them."""

    def __init__(
        self,
        generator: nn.Module,
        critic: nn.Module,
        *,
        latent_size: int,
        batch_size: int,
        n_critic: int,
        lambda_gp: float,
        lr: float,
        betas: tuple[float, float],
        reuse_batch: bool = False,
        reuse_fake: bool = False,
    ):
        """reuse_batch: one real batch serves all critic steps of a generator step, as in D1.

        reuse_fake: the generator's step is on the last critic step's fake samples, as in D1; else on fresh ones, as in
        the papers' algorithms.
        """
        self.generator, self.critic = generator, critic
        self.latent_size, self.batch_size, self.n_critic, self.lambda_gp = latent_size, batch_size, n_critic, lambda_gp
        self.reuse_batch, self.reuse_fake = reuse_batch, reuse_fake
        self.generator_optimizer = torch.optim.Adam(generator.parameters(), lr=lr, betas=betas)
        self.critic_optimizer = torch.optim.Adam(critic.parameters(), lr=lr, betas=betas)

    def step(
        self,
        real: Tensor,
        labels: Tensor | None,
        latents: Tensor,
        epsilons: Tensor,
        generator_latent: Tensor | None = None,
    ) -> Losses:
        """n_critic critic steps and one generator step.

        real [n_critic, batch, *sample], labels [n_critic, batch] or None (with reuse_batch only the first of each is
        used), latents [n_critic, batch, latent], epsilons [n_critic, batch], generator_latent [batch, latent] unless
        reuse_fake. The generator is asked for the labels of the last critic step.
        """
        critic_losses = []
        for i in range(self.n_critic):
            at = 0 if self.reuse_batch else i
            asked = None if labels is None else labels[at]
            with torch.set_grad_enabled(self.reuse_fake):  # D1's loop keeps the graph of every fake batch
                fake = self.generator(latents[i], asked)
            loss = self.critic(fake.detach(), asked).mean() - self.critic(real[at], asked).mean()
            penalty = gradient_penalty(self.critic, real[at], fake.detach(), asked, epsilons[i])
            loss = loss + self.lambda_gp * penalty
            self.critic_optimizer.zero_grad()
            loss.backward()
            self.critic_optimizer.step()
            critic_losses.append(loss.detach())
        if not self.reuse_fake:
            assert generator_latent is not None
            fake = self.generator(generator_latent, asked)
        generator_loss = -self.critic(fake, asked).mean()
        self.generator_optimizer.zero_grad()
        generator_loss.backward()
        self.generator_optimizer.step()
        return Losses(torch.stack(critic_losses), generator_loss.detach())

    def train(self, steps: int, batches: Batches) -> Losses:
        """`steps` generator steps on given data and random noise; the last one's losses."""
        assert steps > 0
        like = next(self.generator.parameters())

        def random(function: Callable[..., Tensor], *shape: int) -> Tensor:
            return function(*shape, dtype=like.dtype, device=like.device)

        for _ in range(steps):
            taken = [next(batches) for _ in range(1 if self.reuse_batch else self.n_critic)]
            real = torch.stack([samples for samples, _ in taken])
            labels = [labels_of_batch for _, labels_of_batch in taken if labels_of_batch is not None]
            losses = self.step(
                real,
                torch.stack(labels) if labels else None,
                random(torch.randn, self.n_critic, self.batch_size, self.latent_size),
                random(torch.rand, self.n_critic, self.batch_size),
                None if self.reuse_fake else random(torch.randn, self.batch_size, self.latent_size),
            )
        return losses
