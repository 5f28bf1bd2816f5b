"""A run's random streams: its numbers depend on its seed and the purpose alone, not on its cohort or its arm.

A stream is cut into blocks, and block k of a purpose comes from a generator seeded by (seed, purpose, k). So any part of
a stream can be had again without state: a checkpoint holds step numbers, and arms with equal seeds get the same data and
noise for the same critic step, whatever their n_critic.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal

import torch
from torch import Tensor

from ablate.datasets.base import Dataset, Sampler, to_unit
from ablate.networks.seeding import generator_for

Kind = Literal["normal", "uniform"]
BLOCK_ELEMENTS = 2**16
"""About how many numbers a block of a stream holds for one member; the length is then a power of two of batches."""

MOST_ON_DEVICE = 4 * 2**30
"""Bytes of a stored set that is copied to the device as a whole, at most."""


class Blocks:
    """A stream of batches for every member of a cohort; `block(generator, count)` gives one member's, of `count` batches."""

    def __init__(
        self,
        seeds: Sequence[int],
        purpose: str,
        batch_elements: int,
        block: Callable[[torch.Generator, int], tuple[Tensor, ...]],
        device: torch.device,
    ):
        self.seeds, self.purpose, self.block, self.device = seeds, purpose, block, device
        self.length = 2 ** max(0, int(math.log2(max(1, BLOCK_ELEMENTS // batch_elements))))
        self._index = -1
        """of the block that is held"""
        self._held: tuple[Tensor, ...] = ()

    def take(self, start: int, count: int) -> tuple[Tensor, ...]:
        """Batches start … start + count − 1, each tensor [count, member, …]."""
        pieces, end = [], start + count
        while start < end:
            index, offset = divmod(start, self.length)
            stop = min(self.length, offset + end - start)
            pieces.append([tensor[offset:stop] for tensor in self._load(index)])
            start += stop - offset
        return tuple(torch.cat(parts) if len(parts) > 1 else parts[0] for parts in zip(*pieces, strict=True))

    def _load(self, index: int) -> tuple[Tensor, ...]:
        if index != self._index:
            members = [
                self.block(generator_for(seed, self.purpose, index, self.device), self.length) for seed in self.seeds
            ]
            self._held = tuple(torch.stack(parts, dim=1) for parts in zip(*members, strict=True))
            self._index = index
        return self._held


def noise(
    seeds: Sequence[int],
    purpose: str,
    shape: tuple[int, ...],
    kind: Kind,
    dtype: torch.dtype,
    device: torch.device,
) -> Blocks:
    """A stream of batches of N(0, 1) or U(0, 1) numbers, each [member, *shape]."""
    function = torch.randn if kind == "normal" else torch.rand

    def block(generator: torch.Generator, count: int) -> tuple[Tensor, ...]:
        return (function((count, *shape), generator=generator, dtype=dtype, device=device),)

    return Blocks(seeds, purpose, math.prod(shape), block, device)


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
        self.dataset, self.batch_size, self.dtype = dataset, batch_size, dtype
        self.labels: Tensor | None
        if dataset.training_set is not None:
            self.samples, self.labels = (part.to(device) for part in dataset.training_set)
        elif dataset.images is not None:
            # a larger set stays where it is, a file mapped into memory perhaps, and its batches are moved
            self.samples = dataset.images.to(device) if dataset.images.nbytes <= MOST_ON_DEVICE else dataset.images
            self.labels = dataset.labels.to(device) if dataset.labels is not None else None
        else:
            assert dataset.sampler is not None
            block = partial(_fresh, dataset.sampler, batch_size, dtype)
            self.blocks = Blocks(seeds, purpose, batch_size * math.prod(dataset.shape), block, device)
            return
        self.blocks = Blocks(seeds, purpose, 1, _epoch, device)
        self.blocks.length = len(self.samples)  # a block is an epoch

    def take(self, start: int, count: int) -> tuple[Tensor, Tensor]:
        """Batches start … start + count − 1: samples [count, member, batch, *shape] and labels [count, member, batch]."""
        if self.dataset.images is None and self.dataset.training_set is None:
            samples, labels = self.blocks.take(start, count)
            return samples, labels
        (order,) = self.blocks.take(start * self.batch_size, count * self.batch_size)
        chosen = order.unflatten(0, (count, self.batch_size)).transpose(1, 2)
        labels = self.labels[chosen] if self.labels is not None else torch.zeros_like(chosen)
        samples = self.samples[chosen.to(self.samples.device)].to(chosen.device)
        return samples.to(self.dtype) if samples.is_floating_point() else to_unit(samples, self.dtype), labels


# Functions, not methods: a stream that referred to its owner would leave its blocks to the garbage collector, which runs
# late where there are few objects, however large.


def _fresh(
    sampler: Sampler, batch_size: int, dtype: torch.dtype, generator: torch.Generator, count: int
) -> tuple[Tensor, ...]:
    samples, labels = sampler(count * batch_size, generator)
    batches = (count, batch_size)
    return samples.to(dtype).unflatten(0, batches), labels.unflatten(0, batches)


def _epoch(generator: torch.Generator, count: int) -> tuple[Tensor, ...]:
    return (torch.randperm(count, generator=generator, device=generator.device),)
