"""A small convolutional pair for images whose sides are divisible by 4, such as 8 × 8 and 28 × 28."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ablate.config.run_config import RunConfig
from ablate.networks.layers import Conv2d, ConvTranspose2d, Linear, has_bias, join, norm, part
from ablate.networks.pair import Labelled, LabelledConv2d, Shapes, critic_activation, critic_width, generator_activation
from ablate.registry import Setting, register


@register(
    "architecture", "conv", image_multiple=4,
    activations=("leaky_relu", "relu", "tanh", "softplus", "elu"),
    settings=(Setting("critic_width", "whole", 0, "the critic's width; 0: as the generator's", least=0, most=8192),),
)  # fmt: skip
def conv(config: RunConfig, shapes: Shapes) -> tuple[nn.Module, nn.Module]:
    """Two convolutions of 4 × 4 with stride 2 each way, `width` and 2·`width` channels."""
    return Generator(config, shapes), Critic(config, shapes)


class Generator(nn.Module):
    """Linear to 2·width channels at a quarter of the size, two transposed convolutions, Tanh."""

    def __init__(self, config: RunConfig, shapes: Shapes):
        super().__init__()
        members, kind = shapes.members, config.generator_norm
        channels, height, width = shapes.sample
        self.members = members
        self.start = (2 * config.width, height // 4, width // 4)
        self.label = Labelled(shapes)
        size = 2 * config.width * (height // 4) * (width // 4)
        self.linear = Linear(members, config.latent_size + self.label.extra, size)
        self.body = nn.Sequential(
            norm(kind, members, 2 * config.width),
            generator_activation(config),
            ConvTranspose2d(members, 2 * config.width, config.width, 4, 2, 1, has_bias(kind)),
            norm(kind, members, config.width),
            generator_activation(config),
            ConvTranspose2d(members, config.width, channels, 4, 2, 1),
        )

    def forward(self, latent: Tensor, labels: Tensor | None) -> Tensor:
        x = self.linear(self.label(latent, labels)).unflatten(2, self.start)
        return torch.tanh(part(self.body(join(x)), self.members))


class Critic(nn.Module):
    """Two convolutions, the second normalized, and a linear score; a label is given as constant channels."""

    def __init__(self, config: RunConfig, shapes: Shapes):
        super().__init__()
        members, wide, (_, height, width) = shapes.members, critic_width(config), shapes.sample
        self.members = members
        self.label = Labelled(shapes)
        self.first = LabelledConv2d(shapes, self.label, wide, 4, 2, 1)
        self.body = nn.Sequential(
            critic_activation(config),
            Conv2d(members, wide, 2 * wide, 4, 2, 1, has_bias(config.critic_norm)),
            norm(config.critic_norm, members, 2 * wide),
            critic_activation(config),
        )
        self.out = Linear(members, 2 * wide * (height // 4) * (width // 4), 1)

    def forward(self, x: Tensor, labels: Tensor | None) -> Tensor:
        first = self.first(join(x), self.label.embed(labels))
        return self.out(part(self.body(first), self.members).flatten(2)).squeeze(2)
