"""A generator and a critic, as every architecture gives them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ablate import registry
from ablate.config import RunConfig
from ablate.networks.flat import Network
from ablate.networks.layers import Embedding

LABEL_SIZE = 10
"""Dimension of a label's embedding in both networks"""


@dataclass(frozen=True)
class Shapes:
    """What an architecture must fit: the members of the cohort and the data's shape."""

    members: int
    sample: tuple[int, ...]
    """(dimension,) or (channels, height, width)"""
    classes: int
    """labels that the networks are given; 0 if they are given none"""


@dataclass(frozen=True)
class Pair:
    """generator: (latent [M, B, L], labels [M, B] or None) → [M, B, *sample]; critic: ([M, B, *sample], labels) → [M, B].

    A critic with dropout takes uniform numbers [M, B, dropout_units] as a third input, and none of them to keep all.
    """

    generator: Network
    critic: Network

    @property
    def dropout_units(self) -> int:
        """How many uniform numbers a sample's pass through the critic consumes."""
        return int(getattr(self.critic.module, "dropout_units", 0))


def build(config: RunConfig, sample: tuple[int, ...], classes: int, members: int) -> Pair:
    """The pair of networks of a cohort of `members` runs that share the structure of `config`."""
    shapes = Shapes(members, sample, classes if config.conditional else 0)
    generator, critic = registry.get("architecture", config.architecture)(config, shapes)
    return Pair(Network(generator), Network(critic))


class Labelled(nn.Module):
    """Appends the embedded label to vectors [M, B, F]; without labels it passes them through."""

    def __init__(self, shapes: Shapes):
        super().__init__()
        self.embedding = Embedding(shapes.members, shapes.classes, LABEL_SIZE) if shapes.classes else None
        self.extra = LABEL_SIZE if shapes.classes else 0

    def forward(self, x: Tensor, labels: Tensor | None) -> Tensor:
        if self.embedding is None:
            return x
        assert labels is not None
        return torch.cat([x, self.embedding(labels)], dim=2)

    def as_maps(self, x: Tensor, labels: Tensor | None) -> Tensor:
        """Appends the embedded label to images [M, B, C, h, w] as constant channels."""
        if self.embedding is None:
            return x
        assert labels is not None
        return torch.cat([x, self.embedding(labels)[..., None, None].expand(-1, -1, -1, *x.shape[-2:])], dim=2)


class Leaky(nn.Module):
    """LeakyReLU; slope 0 is ReLU."""

    def __init__(self, slope: float):
        super().__init__()
        self.slope = slope

    def forward(self, x: Tensor) -> Tensor:
        return F.leaky_relu(x, self.slope)
