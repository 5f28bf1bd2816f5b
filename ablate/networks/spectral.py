"""Spectral normalization, Miyato et al. 2018: each weight is used divided by an estimate of its largest singular value.

A member's row of the matrix holds, behind its weights, one vector u for each normalized weight, as every state that a
checkpoint keeps. The estimate is ‖Wᵀu‖ = uᵀWv with v = Wᵀu / ‖Wᵀu‖, and u a constant of the gradient (their equation 12).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

from ablate.networks.flat import Network
from ablate.networks.layers import StackedLayer
from ablate.randomness.numbers import Numbers

FIRST_ITERATIONS = 15
"""of the power method before training, as PyTorch's spectral_norm; later there is one after each step"""


class SpectralNetwork(Network):
    """A network of which the weights of all linear layers and convolutions are normalized; biases are not."""

    def __init__(self, module: nn.Module):
        super().__init__(module)
        layers = dict(module.named_modules())
        self.normalized = [name for name in self.names if _has_fans(layers, name)]
        self.rows = [shape[1] for name, shape in zip(self.names, self.shapes, strict=True) if name in self.normalized]

    @property
    def size(self) -> int:
        """Weights and vectors u of one member."""
        return sum(self.sizes) + sum(self.rows)

    def views(self, flat: Tensor) -> dict[str, Tensor]:
        """The parameters by name as they are trained, before normalization, each [member, …]."""
        return self.parts(flat)[0]

    def __call__(self, flat: Tensor, *inputs: Tensor | None) -> Tensor:
        """The module's output under the normalized parameters."""
        return functional_call(self.module, self.normal(flat), inputs)

    def normal(self, flat: Tensor) -> dict[str, Tensor]:
        """The parameters by name as the network uses them, each [member, …]."""
        weights, vectors = self.parts(flat)
        for name, u in vectors.items():
            weight = weights[name]
            largest = _transposed_product(weight.flatten(2), u.detach()).norm(dim=1)
            weights[name] = weight / largest.reshape(-1, *[1] * (weight.dim() - 1))
        return weights

    def initial(self, seeds: Sequence[int], role: str, std: float | None = None, scheme: str = "pytorch") -> Tensor:
        """As without normalization, and random u [member, rows] behind, after a few iterations."""
        weights = super().initial(seeds, role, std, scheme)
        (u,) = Numbers(seeds, f"{role} spectral", weights.device).normal(sum(self.rows))
        flat = torch.cat([weights, u], dim=1)
        for _ in range(FIRST_ITERATIONS):
            flat = self.after_step(flat)
        return flat

    def after_step(self, flat: Tensor) -> Tensor:
        """One iteration of the power method for every u (their algorithm 1)."""
        weights, vectors = self.parts(flat)
        turned = []
        for name, u in vectors.items():
            matrix = weights[name].flatten(2)
            v = F.normalize(_transposed_product(matrix, u), dim=1)
            turned.append(F.normalize((matrix * v[:, None]).sum(2), dim=1))
        return torch.cat([flat[:, : sum(self.sizes)], *turned], dim=1)

    def parts(self, flat: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Weights as they are trained, and the vectors u [member, rows] of the normalized ones."""
        each = flat.split([*self.sizes, *self.rows], dim=1)
        weights = zip(self.names, each[: len(self.names)], self.shapes, strict=True)
        vectors = zip(self.normalized, each[len(self.names) :], strict=True)
        return {name: part.unflatten(1, shape[1:]) for name, part, shape in weights}, dict(vectors)


def _transposed_product(matrix: Tensor, u: Tensor) -> Tensor:
    """Wᵀu of [member, rows, columns] and [member, rows], in the weights' own precision also where products are coarser."""
    return (matrix * u[..., None]).sum(1)


def _has_fans(layers: dict[str, nn.Module], name: str) -> bool:
    owner, _, parameter = name.rpartition(".")
    layer = layers[owner]
    return parameter == "weight" and isinstance(layer, StackedLayer) and layer.fan_out is not None
