"""What the steps of a cohort consume: real batches and noise, for many steps at once, from named streams."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from ablate import registry
from ablate.config.run_config import RunConfig
from ablate.datasets.base import Dataset
from ablate.networks.pair import packed
from ablate.training.fakes import Fakes
from ablate.training.schedules import factors
from ablate.training.step import Batch, GeneratorTurn
from ablate.training.streams import Kind, Noise, RealBatches

CRITIC_PASSES = 3
"""over real, fake and interpolated samples"""


class Batches:
    """The streams of a cohort; the settings say which numbers the critic's and the generator's steps share."""

    def __init__(
        self,
        config: RunConfig,
        dataset: Dataset,
        seeds: Sequence[int],
        dropout_units: int,
        dtype: torch.dtype,
        device: torch.device,
    ):
        self.config, self.dtype, self.device = config, dtype, device
        batch, latent = config.batch_size, config.latent_size
        judged = batch // config.pack

        def stream(purpose: str, shape: tuple[int, ...], kind: Kind) -> Noise:
            return Noise(seeds, purpose, shape, kind, dtype, device)

        self.real = RealBatches(dataset, seeds, "real", batch, dtype, device)
        self.latent = stream("critic latent", (batch, latent), "normal")
        self.epsilon = stream("epsilon", (judged,), "uniform")
        self.generator_latent = stream("generator latent", (batch, latent), "normal")
        self.dropout = self.generator_dropout = self.pair_dropout = None
        self.pairs = registry.get("loss", config.loss).pairs
        sample = math.prod(dataset.shape)
        self.numbers = batch * (config.n_critic * (sample + latent + 1) + latent)
        """of random and data values that a member consumes in one generator step, about"""
        if dropout_units:
            self.dropout = stream("critic dropout", (CRITIC_PASSES, judged, dropout_units), "uniform")
            self.generator_dropout = stream("generator dropout", (judged, dropout_units), "uniform")
            self.numbers += batch * dropout_units * (CRITIC_PASSES * config.n_critic + 1)
            if self.pairs:
                self.pair_dropout = stream("generator real dropout", (judged, dropout_units), "uniform")
                self.numbers += batch * dropout_units
        self.instance_noise = self.generator_noise = None
        if config.instance_noise:
            self.instance_noise = stream("instance noise", (2, batch, *dataset.shape), "normal")
            self.generator_noise = stream("generator instance noise", (batch, *dataset.shape), "normal")
            self.numbers += batch * sample * (2 * config.n_critic + 1)
        self.perturbation = None
        if registry.get("lipschitz", config.lipschitz).perturbs:
            self.perturbation = stream("perturbation", (batch, *dataset.shape), "uniform")
            self.numbers += batch * config.n_critic * sample
        self.fakes = None
        if config.fakes != "generator":
            self.fakes = Fakes(config, dataset, seeds, "fake real", "fake noise", batch, dtype, device)
            self.numbers += 2 * batch * config.n_critic * sample

    def take(self, step: int, count: int) -> tuple[list[list[Batch]], list[GeneratorTurn]]:
        """For generator steps step … step + count − 1: the batches of the critic's steps next to each, and the turn.

        A round is n_critic critic steps and n_generator generator steps: the batches stand at the first of these, or, where
        the generator goes first, at the last, and there are none at the others.
        """
        config = self.config
        each = config.n_generator
        first = step // each
        rounds = self._rounds(first, (step + count - 1) // each + 1 - first)
        owned = each - 1 if config.generator_first else 0
        steps = range(step, step + count)
        near = [rounds[i // each - first] for i in steps]
        return [own if i % each == owned else [] for i, own in zip(steps, near, strict=True)], self._turns(step, near)

    def _rounds(self, start: int, count: int) -> list[list[Batch]]:
        """The batches of the critic's steps in rounds start … start + count − 1."""
        n = self.config.n_critic
        first, critic_steps = start * n, count * n
        if self.config.reuse_batch:
            real, labels = (x.repeat_interleave(n, 0) for x in self.real.take(start, count))
        else:
            real, labels = self.real.take(first, critic_steps)
        latent = self.latent.take(first, critic_steps)
        epsilon = self.epsilon.take(first, critic_steps)
        dropout = self.dropout.take(first, critic_steps).transpose(1, 2) if self.dropout else None
        fake = self.fakes.take(first, critic_steps) if self.fakes else None
        asked = labels if self.config.conditional else None
        rates = self._rates([i * self.config.n_generator for i in range(start, start + count)])
        fake_noise = None
        if self.instance_noise is not None:
            on_real, on_fake = self.instance_noise.take(first, critic_steps).unbind(2)
            real, fake_noise = real + self.config.instance_noise * on_real, self.config.instance_noise * on_fake
        perturbation = self.perturbation.take(first, critic_steps) if self.perturbation else None

        def batch(i: int) -> Batch:
            return Batch(
                packed(real[i], self.config.pack),
                None if asked is None else asked[i],
                latent[i],
                epsilon[i],
                None if dropout is None else dropout[i],
                None if fake is None else fake[i],
                None if rates is None else rates[i // n],
                None if perturbation is None else packed(perturbation[i], self.config.pack),
                None if fake_noise is None else fake_noise[i],
            )

        return [[batch(i) for i in range(k * n, (k + 1) * n)] for k in range(count)]

    def _rates(self, steps: Sequence[int]) -> Tensor | None:
        scheduled = factors(self.config, steps)
        return None if scheduled is None else torch.tensor(scheduled, dtype=self.dtype, device=self.device)

    def _turns(self, step: int, rounds: list[list[Batch]]) -> list[GeneratorTurn]:
        """Of generator steps step, step + 1, …, each beside the batches of its round."""
        config, count = self.config, len(rounds)
        latent = self.generator_latent.take(step, count)
        dropout = self.generator_dropout.take(step, count) if self.generator_dropout else None
        pair_dropout = self.pair_dropout.take(step, count) if self.pair_dropout else None
        noise = self.generator_noise.take(step, count) if self.generator_noise else None
        rates = self._rates(range(step, step + count))
        turns = []
        for k, own in enumerate(rounds):
            near = own[0] if config.generator_first else own[-1]
            turns.append(
                GeneratorTurn(
                    near.latent if config.reuse_latent or config.simultaneous else latent[k],
                    near.labels,
                    None if dropout is None else dropout[k],
                    near.real if self.pairs else None,
                    None if pair_dropout is None else pair_dropout[k],
                    None if rates is None else rates[k],
                    None if noise is None else config.instance_noise * noise[k],
                )
            )
        return turns
