"""A network's parameters as one matrix: row m holds all parameters of member m.

One matrix makes an optimizer's update, a clip, a norm and a checkpoint one operation each, however many layers there
are. `torch.split` gives the layers' views; its gradient is one concatenation.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call

from ablate.networks.layers import StackedLayer
from ablate.networks.start import SCHEMES
from ablate.randomness.numbers import Numbers


class Network:
    """A stacked module and the layout of its parameters in a matrix [member, parameter]."""

    def __init__(self, module: nn.Module):
        self.module = module
        self.names = [name for name, _ in module.named_parameters()]
        self.shapes = [parameter.shape for _, parameter in module.named_parameters()]
        self.sizes = [math.prod(shape[1:]) for shape in self.shapes]

    @property
    def size(self) -> int:
        """Parameters of one member."""
        return sum(self.sizes)

    def views(self, flat: Tensor) -> dict[str, Tensor]:
        """The matrix [member, parameter] as parameters by name, each [member, …]."""
        parts = flat.split(self.sizes, dim=1)
        return {n: p.unflatten(1, s[1:]) for n, p, s in zip(self.names, parts, self.shapes, strict=True)}

    def __call__(self, flat: Tensor, *inputs: Tensor | None) -> Tensor:
        """The module's output under the parameters `flat`."""
        return functional_call(self.module, self.views(flat), inputs)

    def after_step(self, flat: Tensor) -> Tensor:
        """The matrix after a training step, with what the network keeps beside its weights brought up to date."""
        return flat

    def initial(self, seeds: Sequence[int], role: str, std: float | None = None, scheme: str = "pytorch") -> Tensor:
        """Start values [member, parameter] in float64; a member's derive from its seed and the role alone.

        With `std`, the weights of linear layers and convolutions are N(0, std) and their biases 0; with a scheme of
        `ablate.networks.start` they are as that says, and biases 0 too.
        """
        return torch.stack([self._initial_of_one(seed, role, std, scheme) for seed in seeds])

    def _initial_of_one(self, seed: int, role: str, std: float | None, scheme: str) -> Tensor:
        numbers = Numbers.of_one(seed, f"{role} weights")
        layers = dict(self.module.named_modules())
        parts = []
        for name, shape in zip(self.names, self.shapes, strict=True):
            owner, _, parameter = name.rpartition(".")
            layer = layers[owner]
            assert isinstance(layer, StackedLayer)
            if scheme not in SCHEMES or layer.fan_out is None:
                value = layer.initial(parameter, shape[1:], numbers, std)
            elif parameter == "bias":
                value = torch.zeros(shape[1:], dtype=torch.float64)
            else:
                value = SCHEMES[scheme](shape[1:], layer.fan_in, layer.fan_out, numbers)
            parts.append(value.flatten())
        return torch.cat(parts)
