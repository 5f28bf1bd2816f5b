"""Random numbers that depend on a seed, a purpose, a step and a place alone: not on the device, the cohort or the arm.

Any part of a stream can be had without what comes before it, so a checkpoint holds no state of random numbers, and arms
with equal seeds get the same data and noise for the same step.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ablate.randomness.philox import MASK, philox

CHUNK = {"cpu": 2**13, "cuda": 2**22}
"""Counters that are computed at once: on a CPU what its cache holds, on a GPU what keeps it busy"""
FINE, COARSE = 2.0**-32, 2.0**-23


class Numbers:
    """Numbers for `count` steps of every seed's stream of one purpose: each call gives [step, member, *shape].

    The calls on one object are numbered, so that they share nothing; the same calls give the same numbers again. Of a
    shape whose first dimension is a batch, a smaller batch gets the first of the numbers of a larger one.
    """

    def __init__(self, seeds: Sequence[int], purpose: str, device: torch.device, first: int = 0, count: int = 1):
        self.device = device
        self.lead: tuple[int, ...] = (count, len(seeds))
        """the dimensions before those that are asked for"""
        keys = torch.tensor([_key(seed, purpose) for seed in seeds], dtype=torch.int64).to(device)
        self._key = keys[:, 0, None], keys[:, 1, None]
        self._steps = torch.arange(first, first + count, dtype=torch.int64, device=device)[:, None, None]
        self._calls = 0

    @classmethod
    def of_one(cls, seed: int, purpose: str, device: torch.device | None = None) -> Numbers:
        """The stream's first step for one seed: without dimensions before those that are asked for."""
        numbers = cls([seed], purpose, device or torch.device("cpu"))
        numbers.lead = ()
        return numbers

    def uniform(self, *shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
        """In the open interval (0, 1): odd multiples of 2^-24, which every floating point format but the half ones holds."""
        return self._made(shape, dtype, lambda word: ((word >> 9) + 0.5) * COARSE)

    def normal(self, *shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
        """N(0, 1) by Box and Muller's transform, in float64 whatever the dtype: a pair of words gives a pair of numbers."""

        def pair(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
            radius = ((first + 1) * FINE).log_().mul_(-2).sqrt_()
            angle = second * (2 * math.pi * FINE)
            return angle.cos() * radius, angle.sin_() * radius

        def normals(a: Tensor, b: Tensor, c: Tensor, d: Tensor) -> tuple[Tensor, ...]:
            return (*pair(a, b), *pair(c, d))

        return self._fill(shape, dtype, normals)

    def integers(self, below: int, *shape: int) -> Tensor:
        """int64 in [0, below), below ≤ 2^31; a value's chance is off by less than below / 2^32 of itself."""
        return self._made(shape, torch.int64, lambda word: word * below >> 32)

    def order(self, n: int) -> Tensor:
        """A random permutation of 0 … n − 1, int64 [*lead, n]."""
        return self._made((n,), torch.int64, lambda word: word).argsort(stable=True)

    def _made(self, shape: tuple[int, ...], dtype: torch.dtype, of_word: Callable[[Tensor], Tensor]) -> Tensor:
        return self._fill(shape, dtype, lambda *words: tuple(map(of_word, words)))

    def _fill(self, shape: tuple[int, ...], dtype: torch.dtype, made: Callable[..., tuple[Tensor, ...]]) -> Tensor:
        """Numbers of that shape, made from four words at a time; chunks go over steps, or over a step's own numbers."""
        steps, members = len(self._steps), len(self._key[0])
        groups = -(-math.prod(shape) // 4)
        out = torch.empty(steps, members, groups, 4, dtype=dtype, device=self.device)
        call = torch.tensor(self._calls, dtype=torch.int64, device=self.device)
        zero = torch.zeros_like(call)
        self._calls += 1
        most = max(1, CHUNK.get(self.device.type, CHUNK["cpu"]) // members)
        rows, columns = max(1, most // max(1, groups)), min(groups, most)
        for row in range(0, steps, rows):
            for column in range(0, groups, max(1, columns)):
                end = min(groups, column + columns)
                places = torch.arange(column, end, dtype=torch.int64, device=self.device)
                step = self._steps[row : row + rows]
                words = philox((places, zero, step, call), self._key)
                for i, numbers in enumerate(made(*words)):
                    out[row : row + rows, :, column:end, i] = numbers
        return out.flatten(2)[..., : math.prod(shape)].reshape(*self.lead, *shape)


def _key(seed: int, purpose: str) -> tuple[int, int]:
    """Two words of a hash, so that any seed will do and no two purposes share a stream."""
    key = int.from_bytes(hashlib.sha256(f"{seed}/{purpose}".encode()).digest()[:8], "big")
    return key >> 32, key & MASK
