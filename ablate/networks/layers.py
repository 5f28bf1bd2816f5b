"""Layers whose parameters carry a leading member dimension: one call runs the layer of every member of a cohort.

Vectors are [member, batch, feature]; images inside a network are [batch, member·channel, height, width], the layout of
grouped convolution, in which batch norm and instance norm are the ordinary functions and layer norm is group norm.
No layer lets a member's values touch another's. The parameters live on the meta device: a network is called through
`torch.func.functional_call` with the members' real parameters (see `ablate.networks.flat`).
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ablate.randomness.numbers import Numbers

NORM_EPSILON = 1e-5


def _parameter(*shape: int) -> nn.Parameter:
    return nn.Parameter(torch.empty(*shape, device="meta"))


class StackedLayer(nn.Module):
    """A layer with parameters of its own; `initial` gives one member's start values, in PyTorch's default distribution."""

    fan_in: int
    fan_out: int | None = None
    """None where the schemes of `ablate.networks.start` have no meaning"""

    def initial(self, name: str, shape: torch.Size, numbers: Numbers, std: float | None = None) -> Tensor:
        """One member's start value of the parameter `name` in float64: uniform within ±1/√fan_in.

        With `std` a weight is N(0, std) and a bias 0, where that is meant for such a layer.
        """
        if std is not None and name == "bias":
            return torch.zeros(shape, dtype=torch.float64)
        if std is not None:
            return std * numbers.normal(*shape)
        bound = 1 / math.sqrt(self.fan_in)
        return (2 * numbers.uniform(*shape) - 1) * bound


class Linear(StackedLayer):
    """[member, batch, inputs] → [member, batch, outputs]."""

    def __init__(self, members: int, inputs: int, outputs: int, bias: bool = True):
        super().__init__()
        self.fan_in, self.fan_out = inputs, outputs
        self.weight = _parameter(members, inputs, outputs)
        self.bias = _parameter(members, 1, outputs) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        return torch.bmm(x, self.weight) if self.bias is None else torch.baddbmm(self.bias, x, self.weight)


class _Convolution(StackedLayer):
    """[batch, member·inputs, height, width] → [batch, member·outputs, …], one group for each member."""

    def __init__(
        self, members: int, inputs: int, outputs: int, kernel: int, stride: int, padding: int, bias: bool = True
    ):
        super().__init__()
        self.members, self.stride, self.padding = members, stride, padding
        first, second = self.channels(inputs, outputs)
        self.fan_in, self.fan_out = second * kernel * kernel, first * kernel * kernel
        self.weight = _parameter(members, first, second, kernel, kernel)
        self.bias = _parameter(members, outputs) if bias else None

    @staticmethod
    def channels(inputs: int, outputs: int) -> tuple[int, int]:
        """The order of the weight's two channel dimensions."""
        raise NotImplementedError

    def _stacked(self) -> tuple[Tensor, Tensor | None]:
        return self.weight.flatten(0, 1), None if self.bias is None else self.bias.flatten()


class Conv2d(_Convolution):
    """A convolution of every member."""

    @staticmethod
    def channels(inputs: int, outputs: int) -> tuple[int, int]:
        return outputs, inputs

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, *self._stacked(), self.stride, self.padding, groups=self.members)


class ConvTranspose2d(_Convolution):
    """A transposed convolution of every member; its fan-in is PyTorch's own reading of a transposed weight."""

    @staticmethod
    def channels(inputs: int, outputs: int) -> tuple[int, int]:
        return inputs, outputs

    def forward(self, x: Tensor) -> Tensor:
        return F.conv_transpose2d(x, *self._stacked(), self.stride, self.padding, groups=self.members)


class Embedding(StackedLayer):
    """Labels [member, batch] → [member, batch, size]; N(0, 1) at the start."""

    def __init__(self, members: int, classes: int, size: int):
        super().__init__()
        self.classes = classes
        self.weight = _parameter(members, classes, size)

    def initial(self, name: str, shape: torch.Size, numbers: Numbers, std: float | None = None) -> Tensor:
        return numbers.normal(*shape)

    def forward(self, labels: Tensor) -> Tensor:
        return torch.bmm(F.one_hot(labels, self.classes).to(self.weight.dtype), self.weight)


class Norm(StackedLayer):
    """Batch, instance or layer normalization, of vectors or of images; `affine`: with a learned scale and shift.

    There are no running statistics: batch norm uses the batch at hand. For sampling, `standing` holds statistics that
    were collected over many generated batches (`ablate.networks.standing`).
    """

    def __init__(self, kind: str, members: int, features: int, affine: bool = True):
        super().__init__()
        self.kind, self.members, self.features = kind, members, features
        self.weight = _parameter(members, features) if affine else None
        self.bias = _parameter(members, features) if affine else None
        self.collected: list[tuple[Tensor, Tensor]] | None = None
        self.standing: tuple[Tensor, Tensor] | None = None

    def initial(self, name: str, shape: torch.Size, numbers: Numbers, std: float | None = None) -> Tensor:
        return torch.full(shape, 1.0 if name == "weight" else 0.0, dtype=torch.float64)

    def forward(self, x: Tensor) -> Tensor:
        if x.dim() == 3 and self.kind == "layer":
            normal = F.layer_norm(x, (self.features,), eps=NORM_EPSILON)
            if self.weight is None or self.bias is None:
                return normal
            return normal * self.weight[:, None] + self.bias[:, None]
        if x.dim() == 3:  # batch norm of vectors is that of images of one pixel
            flat = x.transpose(0, 1).flatten(1)
            return self._images(flat).unflatten(1, (self.members, self.features)).transpose(0, 1)
        return self._images(x)

    def _images(self, x: Tensor) -> Tensor:
        weight = None if self.weight is None else self.weight.flatten()
        bias = None if self.bias is None else self.bias.flatten()
        if self.kind == "instance":
            return F.instance_norm(x, weight=weight, bias=bias, eps=NORM_EPSILON)
        if self.kind == "layer":
            return F.group_norm(x, self.members, weight, bias, NORM_EPSILON)
        if self.standing is not None:
            return F.batch_norm(x, *self.standing, weight, bias, training=False, eps=NORM_EPSILON)
        if self.collected is not None:
            over = [d for d in range(x.dim()) if d != 1]
            self.collected.append((x.mean(over), x.var(over, correction=0)))
        return F.batch_norm(x, None, None, weight, bias, training=True, eps=NORM_EPSILON)


def has_bias(kind: str) -> bool:
    """Whether a layer before that norm needs a bias: batch and instance norm subtract it again."""
    return kind not in ("batch", "instance")


def norm(kind: str, members: int, features: int, affine: bool = True) -> nn.Module:
    """The normalization of that name; `none` is the identity."""
    return nn.Identity() if kind == "none" else Norm(kind, members, features, affine)


def join(x: Tensor) -> Tensor:
    """[member, batch, channel, h, w] → [batch, member·channel, h, w], the layout of grouped convolution."""
    return x.transpose(0, 1).flatten(1, 2)


def part(x: Tensor, members: int) -> Tensor:
    """[batch, member·channel, h, w] → [member, batch, channel, h, w]."""
    return x.unflatten(1, (members, -1)).transpose(0, 1)
