"""A generator and a critic, as every architecture gives them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ablate import registry
from ablate.config.run_config import RunConfig
from ablate.networks.flat import Network
from ablate.networks.layers import Conv2d, Embedding, join, part
from ablate.networks.spectral import SpectralNetwork
from ablate.registry import LipschitzFacts, facts_about

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

    A critic of packs is given them as its samples (`packed`), and gives a score for each.
    A critic with dropout takes uniform numbers [M, B, dropout_units] as a third input, and none of them to keep all.
    """

    generator: Network
    critic: Network

    @property
    def dropout_units(self) -> int:
        """How many uniform numbers a sample's pass through the critic consumes."""
        return int(getattr(self.critic.module, "dropout_units", 0))


def packed(samples: Tensor, pack: int) -> Tensor:
    """Samples [M, B, *sample], `pack` after `pack` joined along features or channels: [M, B / pack, pack·first, …].

    The input of PacGAN's discriminator, Lin et al. 2018.
    """
    return samples if pack == 1 else samples.unflatten(1, (-1, pack)).flatten(2, 3)


def build(config: RunConfig, sample: tuple[int, ...], classes: int, members: int) -> Pair:
    """The pair of networks of a cohort of `members` runs that share the structure of `config`."""
    shapes = Shapes(members, sample, classes if config.conditional else 0)
    architecture = registry.get("architecture", config.architecture)
    generator, critic = architecture(config, shapes)
    if config.pack > 1:
        _, critic = architecture(config, replace(shapes, sample=(config.pack * sample[0], *sample[1:])))
    return Pair(Network(generator), SpectralNetwork(critic) if config.spectral_norm else Network(critic))


class Labelled(nn.Module):
    """Appends the embedded label to vectors [M, B, F]; without labels it passes them through."""

    def __init__(self, shapes: Shapes):
        super().__init__()
        self.embedding = Embedding(shapes.members, shapes.classes, LABEL_SIZE) if shapes.classes else None
        self.extra = LABEL_SIZE if shapes.classes else 0

    def forward(self, x: Tensor, labels: Tensor | None) -> Tensor:
        embedded = self.embed(labels)
        return x if embedded is None else torch.cat([x, embedded], dim=2)

    def embed(self, labels: Tensor | None) -> Tensor | None:
        """Labels [M, B] → [M, B, LABEL_SIZE]; None without labels."""
        if self.embedding is None:
            return None
        assert labels is not None
        embedded: Tensor = self.embedding(labels)
        return embedded


class LabelledConv2d(Conv2d):
    """A convolution of images to which the embedded label is joined as constant channels.

    A convolution is linear and the label's channels are constant, so they are not made: the response to each channel of
    ones is taken once, and weighted by the embedding. It equals the convolution of the joined channels.
    """

    def __init__(
        self, shapes: Shapes, label: Labelled, outputs: int, kernel: int, stride: int, padding: int, bias: bool = True
    ):
        self.images = shapes.sample[0]
        super().__init__(shapes.members, self.images + label.extra, outputs, kernel, stride, padding, bias)

    def forward(self, x: Tensor, embedded: Tensor | None = None) -> Tensor:
        """[batch, member·channel, h, w], embedded labels [member, batch, size] → [batch, member·outputs, …]."""
        _, bias = self._stacked()
        own = self.weight[:, :, : self.images].flatten(0, 1)
        y = F.conv2d(x, own, bias, self.stride, self.padding, groups=self.members)
        if embedded is None:
            return y
        size = embedded.shape[2]
        unit = torch.eye(size, dtype=x.dtype, device=x.device).repeat(1, self.members)[..., None, None]
        rest = self.weight[:, :, self.images :].flatten(0, 1)
        response = F.conv2d(
            unit.expand(-1, -1, *x.shape[2:]), rest, None, self.stride, self.padding, groups=self.members
        )
        weighted = torch.bmm(embedded, part(response, self.members).flatten(2))
        return y + join(weighted.unflatten(2, (-1, *y.shape[2:])))


def critic_width(config: RunConfig) -> int:
    """`width` as the critic has it: its own, where that is given."""
    return int(config.own["critic_width"]) or config.width


class Leaky(nn.Module):
    """LeakyReLU; slope 0 is ReLU. `twice`: for gradients that are differentiated again, as a gradient penalty does.

    Its slope at x is then a constant of every gradient. PyTorch's own function sends zeros back through all layers there,
    a seventh to a quarter of all products; where nothing is differentiated twice, it is faster.
    """

    def __init__(self, slope: float, twice: bool):
        super().__init__()
        self.slope, self.twice = slope, twice

    def forward(self, x: Tensor) -> Tensor:
        if not self.twice:
            return F.leaky_relu(x, self.slope)
        exact = torch.promote_types(x.dtype, torch.float32)  # in coarser arithmetic too
        one, slope = (x.new_full((), value, dtype=exact) for value in (1.0, self.slope))
        return x * torch.where(x.detach() > 0, one, slope)


SMOOTH: dict[str, Callable[[], nn.Module]] = {"tanh": nn.Tanh, "softplus": nn.Softplus, "elu": nn.ELU}


def generator_activation(config: RunConfig) -> nn.Module:
    """The activation of the generator's hidden units, with PyTorch's constants."""
    return _activation(config.generator_activation, config.generator_leak, twice=False)


def critic_activation(config: RunConfig) -> nn.Module:
    """The activation of the critic's hidden units, with PyTorch's constants."""
    penalty = facts_about(LipschitzFacts, config.lipschitz).penalty
    return _activation(config.critic_activation, config.critic_leak, twice=penalty)


def _activation(name: str, leak: float, twice: bool) -> nn.Module:
    if name in SMOOTH:
        return SMOOTH[name]()
    return Leaky(leak if name == "leaky_relu" else 0.0, twice)
