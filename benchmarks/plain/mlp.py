"""Fully connected generator and critic in ordinary modules, for data of any shape."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn


def layers(sizes: Sequence[int], leak: float) -> nn.Sequential:
    """Linear layers of these sizes with LeakyReLU between them; a leak of 0 is ReLU."""
    modules: list[nn.Module] = []
    for inputs, outputs in pairwise(sizes):
        activation = nn.LeakyReLU(leak) if leak else nn.ReLU()
        modules += [nn.Linear(inputs, outputs), activation]
    return nn.Sequential(*modules[:-1])


class Generator(nn.Module):
    """Latent [batch, latent] to [batch, *sample]; images end in Tanh, points are unbounded."""

    def __init__(self, latent_size: int, hidden: Sequence[int], sample: tuple[int, ...], leak: float):
        super().__init__()
        self.sample = sample
        self.fc = layers([latent_size, *hidden, math.prod(sample)], leak)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        x = self.fc(z)
        return torch.tanh(x).view(-1, *self.sample) if len(self.sample) > 1 else x


class Critic(nn.Module):
    """[batch, *sample] to a score [batch, 1]."""

    def __init__(self, hidden: Sequence[int], sample: tuple[int, ...], leak: float):
        super().__init__()
        self.fc = layers([math.prod(sample), *hidden, 1], leak)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.fc(x.flatten(1))
