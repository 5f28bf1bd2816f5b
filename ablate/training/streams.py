"""A run's random streams: its numbers depend on its seed and the purpose alone, not on its cohort, its arm or its device.

Batch k of a stream can be had without those before it, so arms with equal seeds get the same data and noise for the same
critic step, whatever their n_critic.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from ablate.datasets.base import Dataset, to_unit
from ablate.randomness.numbers import Numbers

Kind = Literal["normal", "uniform"]

MOST_ON_DEVICE = 4 * 2**30
"""Bytes of a stored set that is copied to the device as a whole, at most."""


class Noise:
    """A stream of batches of N(0, 1) ("normal") or U(0, 1) ("uniform") numbers, each [member, *shape]."""

    def __init__(
        self,
        seeds: Sequence[int],
        purpose: str,
        shape: tuple[int, ...],
        kind: Kind,
        dtype: torch.dtype,
        device: torch.device,
    ):
        self.seeds, self.purpose, self.shape, self.kind = seeds, purpose, shape, kind
        self.dtype, self.device = dtype, device

    def take(self, start: int, count: int) -> Tensor:
        """Batches start … start + count − 1: [count, member, *shape]."""
        numbers = Numbers(self.seeds, self.purpose, self.device, start, count)
        made = numbers.normal if self.kind == "normal" else numbers.uniform
        return made(*self.shape, dtype=self.dtype)


class RealBatches:
    """The stream of real batches: a sampler's fresh samples, or a finite set in shuffled epochs, without replacement."""

    def __init__(
        self,
        dataset: Dataset,
        seeds: Sequence[int],
        purpose: str,
        batch_size: int,
        dtype: torch.dtype,
        device: torch.device,
    ):
        self.seeds, self.purpose, self.batch_size, self.dtype, self.device = seeds, purpose, batch_size, dtype, device
        self.sampler, self.scale = dataset.sampler, dataset.scale
        self.samples = self.labels = None
        self._epochs: dict[int, Tensor] = {}
        """Orders [member, sample] of the epochs that the last batches came from"""
        if dataset.training_set is not None:
            self.samples, self.labels = (part.to(device) for part in dataset.training_set)
        elif dataset.images is not None:
            # a larger set stays where it is, a file mapped into memory perhaps, and its batches are moved
            self.samples = dataset.images.to(device) if dataset.images.nbytes <= MOST_ON_DEVICE else dataset.images
            self.labels = dataset.labels.to(device) if dataset.labels is not None else None

    def take(self, start: int, count: int) -> tuple[Tensor, Tensor]:
        """Batches start … start + count − 1: samples [count, member, batch, *shape] and labels [count, member, batch]."""
        if self.samples is None:
            assert self.sampler is not None
            numbers = Numbers(self.seeds, self.purpose, self.device, start, count)
            samples, labels = self.sampler(self.batch_size, numbers)
            samples = samples.to(self.dtype)
            return samples if self.scale == 1 else samples * self.scale, labels
        order = self._order(start * self.batch_size, count * self.batch_size, len(self.samples))
        # contiguous, or samples would lie in memory otherwise for each count, and steps be compiled for each
        chosen = order.unflatten(1, (count, self.batch_size)).transpose(0, 1).contiguous()
        labels = self.labels[chosen] if self.labels is not None else torch.zeros_like(chosen)
        samples = self.samples[chosen.to(self.samples.device)].to(chosen.device)
        samples = samples.to(self.dtype) if samples.is_floating_point() else to_unit(samples, self.dtype)
        return samples if self.scale == 1 else samples * self.scale, labels

    def _order(self, start: int, count: int, length: int) -> Tensor:
        """Which samples come at the places start … start + count − 1 of the epochs, one after the other: [member, count]."""
        first, last = start // length, (start + count - 1) // length
        epochs = range(first, last + 1)
        self._epochs = {k: self._epochs[k] if k in self._epochs else self._shuffled(k, length) for k in epochs}
        return torch.cat(list(self._epochs.values()), dim=1)[:, start - first * length :][:, :count]

    def _shuffled(self, epoch: int, length: int) -> Tensor:
        return Numbers(self.seeds, self.purpose, self.device, epoch).order(length)[0]
