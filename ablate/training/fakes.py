"""What the critic is trained against where that is not the generator: real samples with noise, or another distribution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from ablate.config.run_config import RunConfig
from ablate.datasets.base import Dataset
from ablate.randomness.numbers import KERNELS, Kernels
from ablate.training.streams import Noise, RealBatches


class Fakes:
    """A stream of batches [member, batch, *sample], named by its purposes: training and probes have streams of their own."""

    def __init__(
        self,
        config: RunConfig,
        dataset: Dataset,
        seeds: Sequence[int],
        purpose: str,
        noise_purpose: str,
        batch: int,
        dtype: torch.dtype,
        device: torch.device,
        kernels: Kernels = KERNELS,
    ):
        self.noise = None
        if config.fakes == "counterpart":
            assert dataset.counterpart is not None
            other = replace(dataset, sampler=dataset.counterpart.sampler)
            self.samples = RealBatches(other, seeds, purpose, batch, dtype, device, kernels)
        else:
            self.samples = RealBatches(dataset, seeds, purpose, batch, dtype, device, kernels)
            self.noise = Noise(seeds, noise_purpose, (batch, *dataset.shape), "normal", dtype, device, kernels)

    def take(self, first: int, count: int) -> Tensor:
        """Batches first … first + count − 1: [count, member, batch, *sample]."""
        samples = self.samples.take(first, count)[0]
        return samples if self.noise is None else samples + self.noise.take(first, count)
