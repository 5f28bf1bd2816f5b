"""DCGAN's pair (Radford et al. 2016) for square images with a side of 16, 32 or 64 pixels."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ablate.config.run_config import RunConfig
from ablate.networks.layers import Conv2d, ConvTranspose2d, join, norm, part
from ablate.networks.pair import Labelled, LabelledConv2d, Shapes, critic_activation, critic_width, generator_activation
from ablate.registry import Setting, register


@register(
    "architecture", "dcgan", image_sides=(16, 32, 64),
    activations=("leaky_relu", "relu", "tanh", "softplus", "elu"),
    settings=(
        Setting("bias", "flag", True, "convolutions have a bias, also before a norm", always_in_id=True),
        Setting("critic_width", "whole", 0, "the critic's width; 0: as the generator's", least=0, most=8192),
    ),
)  # fmt: skip
def dcgan(config: RunConfig, shapes: Shapes) -> tuple[nn.Module, nn.Module]:
    """4 × 4 convolutions of stride 2 down to 4 × 4 pixels; the generator starts with 8·`width` channels."""
    return Generator(config, shapes), Critic(config, shapes)


def _halvings(side: int) -> int:
    """Convolutions of stride 2 between an image and 4 × 4 pixels."""
    return (side // 4).bit_length() - 1


class Generator(nn.Module):
    """Transposed convolutions only, each but the last normalized; Tanh. Channels halve as the side doubles."""

    def __init__(self, config: RunConfig, shapes: Shapes):
        super().__init__()
        members, (channels, side, _) = shapes.members, shapes.sample
        self.members = members
        self.label = Labelled(shapes)
        wide = [8 * config.width // 2**i for i in range(_halvings(side))]
        layers: list[nn.Module] = []
        inputs = config.latent_size + self.label.extra
        for i, outputs in enumerate(wide):
            stride, padding = (1, 0) if i == 0 else (2, 1)
            layers += [
                ConvTranspose2d(members, inputs, outputs, 4, stride, padding, config.own["bias"]),
                norm(config.generator_norm, members, outputs, affine=config.generator_norm != "instance"),
                generator_activation(config),
            ]
            inputs = outputs
        self.body = nn.Sequential(*layers, ConvTranspose2d(members, inputs, channels, 4, 2, 1, config.own["bias"]))

    def forward(self, latent: Tensor, labels: Tensor | None) -> Tensor:
        pixel = self.label(latent, labels)[..., None, None]
        return torch.tanh(part(self.body(join(pixel)), self.members))


class Critic(nn.Module):
    """`width` channels, doubled at each halving of the side; all but the first layer normalized.

    Instance norm has no learned scale and shift here, as PyTorch's InstanceNorm2d by default.
    """

    def __init__(self, config: RunConfig, shapes: Shapes):
        super().__init__()
        members, side, kind = shapes.members, shapes.sample[1], config.critic_norm
        self.members = members
        self.label = Labelled(shapes)
        inputs = critic_width(config)
        self.first = LabelledConv2d(shapes, self.label, inputs, 4, 2, 1, config.own["bias"])
        layers: list[nn.Module] = [critic_activation(config)]
        for _ in range(_halvings(side) - 1):
            layers += [
                Conv2d(members, inputs, 2 * inputs, 4, 2, 1, config.own["bias"]),
                norm(kind, members, 2 * inputs, affine=kind != "instance"),
                critic_activation(config),
            ]
            inputs *= 2
        self.body = nn.Sequential(*layers, Conv2d(members, inputs, 1, 4, 1, 0, config.own["bias"]))

    def forward(self, x: Tensor, labels: Tensor | None) -> Tensor:
        scores = self.body(self.first(join(x), self.label.embed(labels)))
        return part(scores, self.members).flatten(2).squeeze(2)
