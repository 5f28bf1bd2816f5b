"""Optimizers as pure functions on matrices [member, parameter], with PyTorch's own update rules and constants.

Members of one cohort may differ in their rates.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ablate.registry import Setting, register

State = dict[str, Tensor]
Rates = dict[str, Any]
"""lr and the optimizer's own settings by name: numbers as [member, 1], others as they are"""

EPSILON = 1e-8
RMSPROP_SMOOTHING = 0.99


class Optimizer:
    """start(weights) → state; update(weights, gradient, state, rates) → (weights, state)."""

    @staticmethod
    def start(weights: Tensor) -> State:
        raise NotImplementedError

    @staticmethod
    def update(weights: Tensor, gradient: Tensor, state: State, rates: Rates) -> tuple[Tensor, State]:
        raise NotImplementedError


def decayed(weights: Tensor, gradient: Tensor, rates: Rates) -> Tensor:
    """The gradient with that of weight_decay/2 · ‖weights‖², as torch.optim adds it; `rates` may be without it."""
    return gradient + rates["weight_decay"] * weights if "weight_decay" in rates else gradient


@register(
    "optimizer", "adam",
    settings=(
        Setting("beta1", default=0.9, least=0, below=1, always_in_id=True, doc="Adam's decay of the first moment"),
        Setting("beta2", default=0.999, least=0, below=1, always_in_id=True, doc="Adam's decay of the second moment"),
        Setting("weight_decay", default=0.0, least=0, doc="L2 penalty of both networks' parameters, added to the gradient"),
    ),
)  # fmt: skip
class Adam(Optimizer):
    """Kingma & Ba 2015, as torch.optim.Adam."""

    @staticmethod
    def start(weights: Tensor) -> State:
        return {"mean": torch.zeros_like(weights), "square": torch.zeros_like(weights), "step": weights.new_zeros(())}

    @staticmethod
    def update(weights: Tensor, gradient: Tensor, state: State, rates: Rates) -> tuple[Tensor, State]:
        gradient = decayed(weights, gradient, rates)
        beta1, beta2, step = rates["beta1"], rates["beta2"], state["step"] + 1
        mean = torch.lerp(gradient, state["mean"], beta1)
        square = torch.lerp(gradient * gradient, state["square"], beta2)
        scale = (1 - beta2**step).sqrt()
        update = mean / (square.sqrt() / scale + EPSILON)
        return weights - rates["lr"] / (1 - beta1**step) * update, {"mean": mean, "square": square, "step": step}


@register(
    "optimizer", "rmsprop",
    settings=(
        Setting("momentum", default=0.0, least=0, below=1, always_in_id=True, doc="of SGD or RMSprop"),
        Setting("weight_decay", default=0.0, least=0, doc="L2 penalty of both networks' parameters, added to the gradient"),
    ),
)  # fmt: skip
class RMSprop(Optimizer):
    """Hinton 2012, as torch.optim.RMSprop (smoothing 0.99, not centred)."""

    @staticmethod
    def start(weights: Tensor) -> State:
        return {"square": torch.zeros_like(weights), "velocity": torch.zeros_like(weights)}

    @staticmethod
    def update(weights: Tensor, gradient: Tensor, state: State, rates: Rates) -> tuple[Tensor, State]:
        gradient = decayed(weights, gradient, rates)
        square = torch.lerp(gradient * gradient, state["square"], RMSPROP_SMOOTHING)
        velocity = rates["momentum"] * state["velocity"] + gradient / (square.sqrt() + EPSILON)
        return weights - rates["lr"] * velocity, {"square": square, "velocity": velocity}


@register(
    "optimizer", "sgd",
    settings=(
        Setting("momentum", default=0.0, least=0, below=1, always_in_id=True, doc="of SGD or RMSprop"),
        Setting("weight_decay", default=0.0, least=0, doc="L2 penalty of both networks' parameters, added to the gradient"),
    ),
)  # fmt: skip
class SGD(Optimizer):
    """Stochastic gradient descent with momentum, as torch.optim.SGD."""

    @staticmethod
    def start(weights: Tensor) -> State:
        return {"velocity": torch.zeros_like(weights)}

    @staticmethod
    def update(weights: Tensor, gradient: Tensor, state: State, rates: Rates) -> tuple[Tensor, State]:
        velocity = rates["momentum"] * state["velocity"] + decayed(weights, gradient, rates)
        return weights - rates["lr"] * velocity, {"velocity": velocity}
