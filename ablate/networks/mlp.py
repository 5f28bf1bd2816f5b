"""Fully connected networks for data of any shape; images are flattened."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from ablate.config.run_config import RunConfig
from ablate.networks.layers import Linear, has_bias, norm
from ablate.networks.pair import Labelled, Shapes, critic_activation, critic_width, generator_activation
from ablate.registry import Setting, register


@register(
    "architecture", "mlp", norms=("none", "batch", "layer"),
    activations=("leaky_relu", "relu", "tanh", "softplus", "elu"),
    settings=(
        Setting("depth", "whole", 3, "hidden layers", least=1, most=64, always_in_id=True),
        Setting("critic_width", "whole", 0, "the critic's width; 0: as the generator's", least=0, most=8192),
        Setting("critic_depth", "whole", 0, "the critic's hidden layers; 0: as the generator's", least=0, most=64),
        Setting("points_output", "text", "linear", "last activation of points", choices=("linear", "tanh")),
    ),
)  # fmt: skip
def mlp(config: RunConfig, shapes: Shapes) -> tuple[nn.Module, nn.Module]:
    """`depth` hidden layers of `width` units, in both networks; the critic may have a size of its own."""
    return Generator(config, shapes), Critic(config, shapes)


def _hidden(
    members: int, inputs: int, width: int, depth: int, normalization: str, activated: Callable[[], nn.Module]
) -> nn.Sequential:
    layers: list[nn.Module] = []
    for i in range(depth):
        layers += [
            Linear(members, inputs if i == 0 else width, width, has_bias(normalization)),
            norm(normalization, members, width),
            activated(),
        ]
    return nn.Sequential(*layers)


class Generator(nn.Module):
    """Images end in Tanh, points are unbounded unless points_output says otherwise."""

    def __init__(self, config: RunConfig, shapes: Shapes):
        super().__init__()
        self.sample = shapes.sample
        self.label = Labelled(shapes)
        inputs = config.latent_size + self.label.extra
        self.bounded = len(shapes.sample) > 1 or config.own["points_output"] == "tanh"
        activated = partial(generator_activation, config)
        depth = config.own["depth"]
        self.hidden = _hidden(shapes.members, inputs, config.width, depth, config.generator_norm, activated)
        self.out = Linear(shapes.members, config.width, math.prod(shapes.sample))

    def forward(self, latent: Tensor, labels: Tensor | None) -> Tensor:
        flat = self.out(self.hidden(self.label(latent, labels)))
        return (torch.tanh(flat) if self.bounded else flat).unflatten(2, self.sample)


class Critic(nn.Module):
    """A score for each sample, without a final activation."""

    def __init__(self, config: RunConfig, shapes: Shapes):
        super().__init__()
        self.label = Labelled(shapes)
        inputs = math.prod(shapes.sample) + self.label.extra
        width, depth = critic_width(config), config.own["critic_depth"] or config.own["depth"]
        activated = partial(critic_activation, config)
        self.hidden = _hidden(shapes.members, inputs, width, depth, config.critic_norm, activated)
        self.out = Linear(shapes.members, width, 1)

    def forward(self, x: Tensor, labels: Tensor | None) -> Tensor:
        return self.out(self.hidden(self.label(x.flatten(2), labels))).squeeze(2)
