"""Start weights by scheme: named distributions of the weights of linear layers and convolutions, as torch.nn.init's."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from ablate.randomness.numbers import Numbers

Scheme = Callable[[torch.Size, int, int, Numbers], Tensor]
"""(one member's shape, fan-in, fan-out, numbers) → start weights in float64"""


def he(shape: torch.Size, fan_in: int, fan_out: int, numbers: Numbers) -> Tensor:
    """He et al. 2015, equation 10: N(0, √(2 / fan-in)), as kaiming_normal_ for ReLU."""
    return math.sqrt(2 / fan_in) * numbers.normal(*shape)


def glorot(shape: torch.Size, fan_in: int, fan_out: int, numbers: Numbers) -> Tensor:
    """Glorot & Bengio 2010, equation 16: uniform within ±√(6 / (fan-in + fan-out)), as xavier_uniform_ and Keras."""
    bound = math.sqrt(6 / (fan_in + fan_out))
    return (2 * numbers.uniform(*shape) - 1) * bound


def orthogonal(shape: torch.Size, fan_in: int, fan_out: int, numbers: Numbers) -> Tensor:
    """Saxe et al. 2014: orthonormal rows or columns, whichever are fewer, of a kernel read as a matrix, as orthogonal_."""
    rows, columns = shape[0], math.prod(shape[1:])
    normal = numbers.normal(max(rows, columns), min(rows, columns))
    q, r = torch.linalg.qr(normal)
    q = q * r.diagonal().sign()  # else the distribution would not be uniform (Mezzadri 2007)
    return (q if rows >= columns else q.T).reshape(shape)


SCHEMES: dict[str, Scheme] = {"he": he, "glorot": glorot, "orthogonal": orthogonal}
