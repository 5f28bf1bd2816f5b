"""Fully connected networks for data of any shape; images are flattened."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from ablate.config.run_config import RunConfig
from ablate.networks.layers import Linear, has_bias, norm
from ablate.networks.pair import Labelled, Leaky, Shapes
from ablate.registry import Setting, register


@register(
    "architecture", "mlp", norms=("none", "batch", "layer"),
    settings=(Setting("depth", "whole", 3, "hidden layers", least=1, most=64, always_in_id=True),),
)  # fmt: skip
def mlp(config: RunConfig, shapes: Shapes) -> tuple[nn.Module, nn.Module]:
    """`depth` hidden layers of `width` units, in both networks."""
    return Generator(config, shapes), Critic(config, shapes)


def _hidden(config: RunConfig, members: int, inputs: int, normalization: str, leak: float) -> nn.Sequential:
    layers: list[nn.Module] = []
    for i in range(config.own["depth"]):
        layers += [
            Linear(members, inputs if i == 0 else config.width, config.width, has_bias(normalization)),
            norm(normalization, members, config.width),
            Leaky(leak),
        ]
    return nn.Sequential(*layers)


class Generator(nn.Module):
    """Images end in Tanh, points are unbounded."""

    def __init__(self, config: RunConfig, shapes: Shapes):
        super().__init__()
        self.sample = shapes.sample
        self.label = Labelled(shapes)
        inputs = config.latent_size + self.label.extra
        self.hidden = _hidden(config, shapes.members, inputs, config.generator_norm, config.generator_leak)
        self.out = Linear(shapes.members, config.width, math.prod(shapes.sample))

    def forward(self, latent: Tensor, labels: Tensor | None) -> Tensor:
        flat = self.out(self.hidden(self.label(latent, labels)))
        return torch.tanh(flat).unflatten(2, self.sample) if len(self.sample) > 1 else flat


class Critic(nn.Module):
    """A score for each sample, without a final activation."""

    def __init__(self, config: RunConfig, shapes: Shapes):
        super().__init__()
        self.label = Labelled(shapes)
        inputs = math.prod(shapes.sample) + self.label.extra
        self.hidden = _hidden(config, shapes.members, inputs, config.critic_norm, config.critic_leak)
        self.out = Linear(shapes.members, config.width, 1)

    def forward(self, x: Tensor, labels: Tensor | None) -> Tensor:
        return self.out(self.hidden(self.label(x.flatten(2), labels))).squeeze(2)
