"""The pair of a widespread WGAN tutorial for MNIST: a linear-deconvolution generator and a two-convolution critic."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ablate.config.run_config import RunConfig
from ablate.networks.layers import Conv2d, ConvTranspose2d, Linear, join, norm, part
from ablate.networks.pair import Labelled, LabelledConv2d, Shapes, critic_activation, critic_width, generator_activation
from ablate.registry import Setting, register


@register(
    "architecture", "wgan_mnist", image_sides=(28,), norms=("none", "batch", "layer"),
    activations=("leaky_relu", "relu", "tanh", "softplus", "elu"),
    settings=(
        Setting(
            "critic_dropout", default=0.5, least=0, below=1, structural=True, always_in_id=True,
            doc="share of the critic's channels dropped at random",
        ),
        Setting("critic_width", "whole", 0, "the critic's width; 0: as the generator's", least=0, most=8192),
    ),
)  # fmt: skip
def wgan_mnist(config: RunConfig, shapes: Shapes) -> tuple[nn.Module, nn.Module]:
    """Normalization after the activation; 4·`width` channels at 7 × 7 pixels; dropout of whole channels in the critic."""
    return Generator(config, shapes), Critic(config, shapes)


class Generator(nn.Module):
    """Linear to 7 × 7, a convolution that keeps the size, two that double it, Tanh."""

    def __init__(self, config: RunConfig, shapes: Shapes):
        super().__init__()
        members, kind, width = shapes.members, config.generator_norm, config.width
        self.members = members
        self.start = (4 * width, 7, 7)
        self.label = Labelled(shapes)
        size = 4 * width * 7 * 7
        self.linear = Linear(members, config.latent_size + self.label.extra, size)
        self.activation = generator_activation(config)
        self.norm = norm(kind, members, size)
        self.body = nn.Sequential(
            ConvTranspose2d(members, 4 * width, 2 * width, 3, 1, 1),
            generator_activation(config),
            norm(kind, members, 2 * width),
            ConvTranspose2d(members, 2 * width, width, 4, 2, 1),
            generator_activation(config),
            norm(kind, members, width),
            ConvTranspose2d(members, width, shapes.sample[0], 4, 2, 1),
        )

    def forward(self, latent: Tensor, labels: Tensor | None) -> Tensor:
        x = self.norm(self.activation(self.linear(self.label(latent, labels)))).unflatten(2, self.start)
        return torch.tanh(part(self.body(join(x)), self.members))


class Critic(nn.Module):
    """Two 3 × 3 convolutions of stride 2, each followed by dropout of channels, then a norm and a linear score.

    Dropout needs uniform numbers [member, batch, dropout_units]; without them nothing is dropped.
    """

    def __init__(self, config: RunConfig, shapes: Shapes):
        super().__init__()
        members, width = shapes.members, critic_width(config)
        self.members, self.width = members, width
        self.rate = config.own["critic_dropout"]
        self.dropout_units = 3 * width if self.rate else 0
        self.label = Labelled(shapes)
        self.first = LabelledConv2d(shapes, self.label, width, 3, 2, 0)
        self.second = Conv2d(members, width, 2 * width, 3, 2, 0)
        self.activation = critic_activation(config)
        self.norm = norm(config.critic_norm, members, 2 * width)
        self.out = Linear(members, 2 * width * 6 * 6, 1)

    def forward(self, x: Tensor, labels: Tensor | None, uniform: Tensor | None = None) -> Tensor:
        first, second = (None, None) if uniform is None else uniform.split([self.width, 2 * self.width], dim=2)
        x = self._drop(self.activation(self.first(join(x), self.label.embed(labels))), first)
        x = self._drop(self.activation(self.second(x)), second)
        return self.out(part(self.norm(x), self.members).flatten(2)).squeeze(2)

    def _drop(self, x: Tensor, uniform: Tensor | None) -> Tensor:
        """Inverted dropout of channels: [batch, member·channel, h, w] by uniform numbers [member, batch, channel]."""
        if uniform is None:
            return x
        keep = (uniform >= self.rate).to(x.dtype) / (1 - self.rate)
        return x * keep.transpose(0, 1).flatten(1)[..., None, None]
