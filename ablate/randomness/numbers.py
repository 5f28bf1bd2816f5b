"""Random numbers that depend on a seed, a purpose, a step and a place alone: not on the device, the cohort or the arm.

Any part of a stream can be had without what comes before it, so a checkpoint holds no state of random numbers, and arms
with equal seeds get the same data and noise for the same step.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from ablate.randomness.philox import MASK, philox

CHUNK = {"cpu": 2**15, "cuda": 2**22}
"""Counters that are computed at once: on a CPU what its cache holds, on a GPU what keeps it busy"""
FINE, COARSE = 2.0**-32, 2.0**-23

Kernel = Callable[[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor], Tensor]
"""(four words of a counter, two of a key), of shapes that broadcast → four numbers of each in a last dimension"""


def integer_words(a: Tensor, b: Tensor, c: Tensor, d: Tensor, k0: Tensor, k1: Tensor) -> Tensor:
    """int64 in [0, 2^32)."""
    return torch.stack(philox((a, b, c, d), (k0, k1)), dim=-1)


def uniforms(a: Tensor, b: Tensor, c: Tensor, d: Tensor, k0: Tensor, k1: Tensor) -> Tensor:
    """Odd multiples of 2^-24 in (0, 1), in float64."""
    return torch.stack([((word >> 9).double() + 0.5) * COARSE for word in philox((a, b, c, d), (k0, k1))], dim=-1)


def normals(a: Tensor, b: Tensor, c: Tensor, d: Tensor, k0: Tensor, k1: Tensor) -> Tensor:
    """N(0, 1) in float64 by Box and Muller's transform: a pair of words gives a pair of numbers."""

    def pair(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
        radius = ((first + 1).double() * FINE).log().mul(-2).sqrt()
        angle = second.double() * (2 * math.pi * FINE)
        return angle.cos() * radius, angle.sin() * radius

    w0, w1, w2, w3 = philox((a, b, c, d), (k0, k1))
    return torch.stack([*pair(w0, w1), *pair(w2, w3)], dim=-1)


Kernels = Mapping[str, Kernel]
KERNELS: Kernels = {"words": integer_words, "uniform": uniforms, "normal": normals}


class Numbers:
    """Numbers for `count` steps of every seed's stream of one purpose: each call gives [step, member, *shape].

    The calls on one object are numbered, so that they share nothing; the same calls give the same numbers again. Of a
    shape whose first dimension is a batch, a smaller batch gets the first of the numbers of a larger one.
    """

    def __init__(
        self,
        seeds: Sequence[int],
        purpose: str,
        device: torch.device,
        first: int = 0,
        count: int = 1,
        kernels: Kernels = KERNELS,
    ):
        self.device, self.kernels = device, kernels
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
        """In the open interval (0, 1): odd multiples of 2^-24, which float32 holds too."""
        return self._made("uniform", shape, dtype)

    def normal(self, *shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
        """N(0, 1), computed in float64 and rounded, so that devices agree."""
        return self._made("normal", shape, dtype)

    def integers(self, below: int, *shape: int) -> Tensor:
        """int64 in [0, below), below ≤ 2^31; a value's chance is off by less than below / 2^32 of itself."""
        return self._made("words", shape, torch.int64) * below >> 32

    def order(self, n: int) -> Tensor:
        """A random permutation of 0 … n − 1, int64 [*lead, n]."""
        return self._made("words", (n,), torch.int64).argsort(dim=-1, stable=True)

    def _made(self, kind: str, shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
        """What the kernel gives, as that shape; chunks go over steps, or over a step's own numbers."""
        steps, members = len(self._steps), len(self._key[0])
        groups = -(-math.prod(shape) // 4)
        made = torch.empty(steps, members, groups, 4, dtype=dtype, device=self.device)
        call = torch.tensor(self._calls, dtype=torch.int64, device=self.device)
        zero = torch.zeros_like(call)
        self._calls += 1
        most = max(1, CHUNK[self.device.type] // members)
        rows, columns = max(1, most // max(1, groups)), min(groups, most)
        for row in range(0, steps, rows):
            for column in range(0, groups, max(1, columns)):
                end = min(groups, column + columns)
                places = torch.arange(column, end, dtype=torch.int64, device=self.device)
                step = self._steps[row : row + rows]
                made[row : row + rows, :, column:end] = self.kernels[kind](places, zero, step, call, *self._key)
        return made.flatten(2)[..., : math.prod(shape)].reshape(*self.lead, *shape)


def _key(seed: int, purpose: str) -> tuple[int, int]:
    """Two words of a hash, so that any seed will do and no two purposes share a stream."""
    key = int.from_bytes(hashlib.sha256(f"{seed}/{purpose}".encode()).digest()[:8], "big")
    return key >> 32, key & MASK
